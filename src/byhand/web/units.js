// A layer's values on one canvas: maps as tiles, rows as cells, sequences as one line a step. A unit is chosen with the
// mouse, or with arrow keys as on a slider.

import { make } from "./dom.js";
import { css, extreme, image } from "./marks.js";

const GAP = 3;

// How a shape is laid out: tiles of `tall` x `wide` values, `number` of them; `value(tile, row, column)` is an index.
function plan(shape) {
  if (shape.length === 3) {
    const [tall, wide, number] = shape;
    return { tall, wide, number, noun: "map", at: (tile, i) => i * number + tile };
  }
  if (shape.length === 2) {
    const [steps, number] = shape;
    return { tall: steps, wide: 1, number, noun: "unit", at: (tile, i) => i * number + tile };
  }
  return { tall: 1, wide: 1, number: shape[0], noun: "unit", at: (tile) => tile };
}

export class Units {
  constructor({ name, shape, digits = false, onpick }) {
    Object.assign(this, { name, shape, digits, onpick, values: null, picked: -1, ...plan(shape) });
    this.canvas = make("canvas", {
      class: "map", tabindex: 0, role: "slider", "aria-label": `${name}: ${this.number} ${this.noun}s`,
      "aria-valuemin": 0, "aria-valuemax": this.number - 1, "aria-valuenow": 0, "aria-valuetext": "none chosen",
    });
    this.canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") this.#point(event); });
    this.canvas.addEventListener("click", (event) => this.#point(event));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("focus", () => {
      if (this.canvas.matches(":focus-visible")) this.pick(Math.max(0, this.picked));
    });
    this.element = make("div", {}, this.canvas);
    new ResizeObserver(() => { if (this.element.clientWidth !== this.room) this.#paint(); }).observe(this.element);
  }

  // Sides of a tile in CSS pixels, and how many stand side by side, for the room there is.
  #layout(room) {
    const { tall, wide, number, shape, digits } = this;
    if (shape.length === 2) {
      const cell = Math.min(6, room / number);
      return { width: cell, height: 4 * tall, gap: 0, columns: number };
    }
    if (digits) {
      const side = Math.min(44, Math.floor(room / number) - GAP);
      return { width: side, height: side, gap: GAP, columns: number };
    }
    const [most, least, high] = shape.length === 3 ? [112, 36, 190] : [22, 13, 90];
    const sideOf = (columns) => Math.min(most, Math.floor((room + GAP) / columns) - GAP);
    const highOf = (columns) => Math.ceil(number / columns) * (sideOf(columns) + GAP);
    // Full rows where they can be had: few and large tiles if they are not too high, else many and small ones.
    const divisors = [...Array(number).keys()].map((i) => i + 1).filter((each) => number % each === 0);
    const fits = divisors.filter((each) => sideOf(each) >= least);
    const columns = fits.find((each) => highOf(each) <= high) ?? fits.at(-1) ?? 1;
    return { width: sideOf(columns), height: (sideOf(columns) * tall) / wide, gap: GAP, columns };
  }

  draw(values) {
    this.values = values;
    this.#paint();
  }

  #paint() {
    const { canvas, tall, wide, number, values } = this;
    this.room = this.element.clientWidth;
    if (!this.room) return;
    const at = this.#layout(this.room);
    this.tiles = at;
    const rows = Math.ceil(number / at.columns);
    const [width, height] = [at.columns * (at.width + at.gap) - at.gap, rows * (at.height + at.gap) - at.gap];
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    const context = canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    context.imageSmoothingEnabled = false;
    const limit = values ? extreme(values) : 1;
    const small = document.createElement("canvas");
    Object.assign(small, { width: wide, height: tall });
    for (let tile = 0; tile < number; tile += 1) {
      const [x, y] = this.#corner(tile);
      const picture = image(wide, tall, (i) => (values ? values[this.at(tile, i)] : 0), limit);
      small.getContext("2d").putImageData(picture, 0, 0);
      context.drawImage(small, x, y, at.width + (at.gap ? 0 : 0.5), at.height);
      if (at.gap) {
        context.strokeStyle = css("ink");
        context.globalAlpha = 0.18;
        context.lineWidth = 1;
        context.strokeRect(x + 0.5, y + 0.5, at.width - 1, at.height - 1);
        context.globalAlpha = 1;
      }
      if (this.digits) {
        const full = values && Math.abs(values[tile]) > 0.55 * limit && values[tile] > 0;
        context.fillStyle = css(full ? "paper" : "ink");
        context.font = "600 15px system-ui, sans-serif";
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(`${tile}`, x + at.width / 2, y + at.height / 2 + 1);
      }
    }
    if (this.picked >= 0) {
      const [x, y] = this.#corner(this.picked);
      context.strokeStyle = css("ink");
      context.lineWidth = 2.5;
      context.strokeRect(x + 0.5, y + 0.5, at.width - 1, at.height - 1);
    }
  }

  #corner(tile) {
    const { width, height, gap, columns } = this.tiles;
    return [(tile % columns) * (width + gap), Math.floor(tile / columns) * (height + gap)];
  }

  #point(event) {
    if (!this.tiles) return;
    const { width, height, gap, columns } = this.tiles;
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) * this.canvas.offsetWidth) / box.width / (width + gap));
    const tile = Math.floor((event.clientY - box.top) / (height + gap)) * columns + Math.min(columns - 1, column);
    if (tile >= 0 && tile < this.number && tile !== this.picked) this.pick(tile);
  }

  #key(event) {
    const { columns } = this.tiles ?? { columns: 1 };
    const steps = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const aim = this.picked + step;
    if (Number.isFinite(step) && (aim < 0 || aim >= this.number)) return;
    this.pick(Math.max(0, Math.min(this.number - 1, aim)));
  }

  pick(tile) {
    this.picked = tile;
    this.#paint();
    this.canvas.setAttribute("aria-valuenow", tile);
    this.say();
    this.onpick(tile);
  }

  leave() {
    if (this.picked < 0) return;
    this.picked = -1;
    this.canvas.setAttribute("aria-valuetext", "none chosen");
    this.#paint();
  }

  say() {
    if (this.picked < 0) return;
    const value = this.values && this.shape.length === 1 ? `: ${this.values[this.picked].toPrecision(3)}` : "";
    this.canvas.setAttribute("aria-valuetext", `${this.noun} ${this.picked} of ${this.number}${value}`);
  }
}
