// A recurrent network row by row: the rows read, the hidden state, and the probabilities if it stopped there.

import { make, percent } from "./dom.js";
import { css, largest, image } from "./pixels.js";

const ROWS = 28;

export class Steps {
  constructor() {
    Object.assign(this, { row: ROWS, timer: 0, steps: null, pixels: null });
    const canvas = (label) => make("canvas", { role: "img", "aria-label": label });
    this.read = canvas("The rows read so far");
    this.state = canvas("The hidden state after every row read");
    this.chances = canvas("The ten probabilities after every row read");
    this.slider = make("input", {
      type: "range", min: 1, max: ROWS, step: 1, value: ROWS, "aria-label": "Rows read",
      oninput: () => this.#go(this.slider.valueAsNumber, true),
    });
    this.button = make("button", { type: "button", onclick: () => this.#toggle() }, "Play");
    this.output = make("output", { "aria-live": "off" });
    const heads = [..."0123456789"].map((digit) => make("span", {}, digit));
    const digits = make("figcaption", { class: "columns", "aria-hidden": "true" }, ...heads);
    this.caption = make("figcaption", {}, "hidden state");
    this.element = make("div", { class: "card", "data-part": "steps" },
      make("header", {},
        make("h3", {}, "Row by row"), make("span", { class: "note" }, "one line per row of the picture")),
      make("div", { class: "steps" },
        make("figure", {}, make("figcaption", {}, "rows read"), this.read),
        make("figure", {}, this.caption, this.state),
        make("figure", {}, digits, this.chances)),
      make("div", { class: "play" }, this.button, this.slider, this.output));
    this.pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? 350 : 130;
  }

  show(steps, pixels) {
    this.steps = steps?.steps ?? null;
    this.pixels = pixels;
    if (this.steps) this.caption.textContent = `hidden state, ${this.steps.hidden[0].length} units`;
    this.#paint();
  }

  #toggle() {
    if (this.timer) return this.#stop();
    if (this.row === ROWS) this.#go(1);
    this.button.textContent = "Pause";
    this.timer = setInterval(() => {
      if (this.row === ROWS || !this.element.isConnected) this.#stop();
      else this.#go(this.row + 1);
    }, this.pace);
  }

  #stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.button.textContent = "Play";
  }

  #go(row, byUser = false) {
    if (byUser) this.#stop();
    this.row = row;
    this.slider.value = row;
    this.#paint();
  }

  #paint() {
    const { steps, row, pixels } = this;
    const chances = steps?.probabilities[row - 1];
    const most = chances ? chances.indexOf(Math.max(...chances)) : 0;
    this.output.textContent = chances ? `row ${row}: says ${most} (${percent(chances[most])})` : `row ${row}`;
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    rows(this.read, 28, (i) => (pixels ? pixels[i] * (Math.floor(i / 28) < row ? 1 : 0.25) : 0), 255, "ink", row);
    const width = steps ? steps.hidden[0].length : 128;
    const limit = steps ? largest(steps.hidden.flat()) : 1;
    const upTo = (lines, wide) => (i) => {
      const line = Math.floor(i / wide);
      return lines && line < row ? lines[line][i % wide] : 0;
    };
    rows(this.state, width, upTo(steps?.hidden, width), limit, "blue", row);
    rows(this.chances, 10, upTo(steps?.probabilities, 10), 1, "blue", row);
  }
}

// Values as 28 lines, with a frame around the last row read.
function rows(canvas, width, at, limit, color, row) {
  const across = Math.max(width, Math.round(560 / width) * width);
  Object.assign(canvas, { width: across, height: ROWS * 14 });
  const small = document.createElement("canvas");
  Object.assign(small, { width, height: ROWS });
  small.getContext("2d").putImageData(image(width, ROWS, at, limit, color), 0, 0);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  context.strokeStyle = css("ink");
  context.lineWidth = 3;
  context.strokeRect(1.5, (row - 1) * 14 + 0.5, canvas.width - 3, 13);
}
