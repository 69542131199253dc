// A layer's output on one canvas: maps as tiles, vectors as cells, sequences as one line per step. Units are selected
// with the mouse, or with arrow keys as on a slider.

import { make } from "./dom.js";
import { css, largest, image } from "./pixels.js";

const GAP = 3;

// Layout of a shape: `number` tiles of `tall` x `wide` values; `at(tile, i)` is the index of a value.
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

export class UnitMap {
  constructor({ name, shape, digits = false, onselect }) {
    Object.assign(this, { name, shape, digits, onselect, values: null, selected: -1, ...plan(shape) });
    this.canvas = make("canvas", {
      class: "unit-map", tabindex: 0, role: "slider", "aria-label": `${name}: ${this.number} ${this.noun}s`,
      "aria-valuemin": 0, "aria-valuemax": this.number - 1, "aria-valuenow": 0, "aria-valuetext": "none selected",
    });
    this.canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") this.#point(event); });
    this.canvas.addEventListener("click", (event) => this.#point(event));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("focus", () => {
      if (this.canvas.matches(":focus-visible")) this.select(Math.max(0, this.selected));
    });
    this.element = make("div", {}, this.canvas);
    new ResizeObserver(() => { if (this.element.clientWidth !== this.width) this.#paint(); }).observe(this.element);
  }

  // Size of a tile in CSS pixels, and number of columns, for the available width.
  #layout(available) {
    const { tall, wide, number, shape, digits } = this;
    if (shape.length === 2) {
      const cell = Math.min(6, available / number);
      return { width: cell, height: 4 * tall, gap: 0, columns: number };
    }
    if (digits) {
      const side = Math.min(44, Math.floor(available / number) - GAP);
      return { width: side, height: side, gap: GAP, columns: number };
    }
    const [most, least, high] = shape.length === 3 ? [112, 36, 190] : [22, 13, 90];
    const sideOf = (columns) => Math.min(most, Math.floor((available + GAP) / columns) - GAP);
    const highOf = (columns) => Math.ceil(number / columns) * (sideOf(columns) + GAP);
    // Prefer full rows: few large tiles if they are not too high, else many small ones.
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
    this.width = this.element.clientWidth;
    if (!this.width) return;
    const at = this.#layout(this.width);
    this.tiles = at;
    const rows = Math.ceil(number / at.columns);
    const [width, height] = [at.columns * (at.width + at.gap) - at.gap, rows * (at.height + at.gap) - at.gap];
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    const context = canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    context.imageSmoothingEnabled = false;
    const limit = values ? largest(values) : 1;
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
    if (this.selected >= 0) {
      const [x, y] = this.#corner(this.selected);
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
    if (tile >= 0 && tile < this.number && tile !== this.selected) this.select(tile);
  }

  #key(event) {
    const { columns } = this.tiles ?? { columns: 1 };
    const steps = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const aim = this.selected + step;
    if (Number.isFinite(step) && (aim < 0 || aim >= this.number)) return;
    this.select(Math.max(0, Math.min(this.number - 1, aim)));
  }

  select(tile) {
    this.selected = tile;
    this.#paint();
    this.canvas.setAttribute("aria-valuenow", tile);
    this.describe();
    this.onselect(tile);
  }

  deselect() {
    if (this.selected < 0) return;
    this.selected = -1;
    this.canvas.setAttribute("aria-valuetext", "none selected");
    this.#paint();
  }

  describe() {
    if (this.selected < 0) return;
    const value = this.values && this.shape.length === 1 ? `: ${this.values[this.selected].toPrecision(3)}` : "";
    this.canvas.setAttribute("aria-valuetext", `${this.noun} ${this.selected} of ${this.number}${value}`);
  }
}
