// Attention: which part of the drawing each part looks at, for every layer and head, and what the class rests on.

import { make, percent } from "./dom.js";
import { css, showSaliency } from "./pixels.js";

const SIDE = 28;
const SCALE = 10;

export class Attention {
  constructor() {
    Object.assign(this, { result: null, pixels: null, token: -1, heads: [] });
    const canvas = (label) => make("canvas", { role: "img", "aria-label": label });
    this.drawing = make("canvas", {
      tabindex: 0, role: "slider", "aria-label": "The part that looks", "aria-valuemin": 0, "aria-valuenow": 0,
      "aria-valuetext": "none selected",
    });
    this.drawing.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") this.#point(event); });
    this.drawing.addEventListener("click", (event) => this.#point(event));
    this.drawing.addEventListener("keydown", (event) => this.#key(event));
    this.relevance = canvas("What the class rests on");
    this.caption = make("figcaption", {}, "what the class rests on");
    this.layers = make("div", { class: "heads" });
    this.output = make("output", { "aria-live": "off" });
    this.element = make("div", { class: "card", "data-part": "attention" },
      make("header", {}, make("h3", {}, "Attention"), this.output,
        make("span", { class: "note" }, "point at a part of the drawing, or use the arrow keys")),
      make("div", { class: "attention" },
        make("figure", {}, make("figcaption", {}, "the part that looks"), this.drawing),
        make("figure", {}, this.caption, this.relevance)),
      this.layers);
  }

  show(result, pixels) {
    this.result = result?.attention ?? null;
    this.pixels = pixels;
    if (this.result) {
      const [rows, columns] = this.result.tokens;
      this.noun = columns > 1 ? "patch" : "row";
      this.drawing.setAttribute("aria-valuemax", rows * columns - 1);
      const best = result.probabilities.indexOf(Math.max(...result.probabilities));
      this.caption.textContent = `what the ${best} rests on`;
      if (this.heads.length !== this.result.layers.flatMap(({ heads }) => heads).length) this.#build();
    }
    this.#paint();
  }

  #build() {
    this.heads = [];
    this.layers.replaceChildren(...this.result.layers.map(({ heads }, layer) =>
      make("div", {}, make("p", { class: "note" }, `Layer ${layer + 1}`),
        make("div", {}, ...heads.map((_, head) => {
          const [canvas, text] = [make("canvas", { role: "img" }), make("figcaption", {})];
          this.heads.push({ canvas, text, layer, head });
          return make("figure", {}, canvas, text);
        })))));
  }

  // The selected part, or before one is selected the one that the class rests on most.
  #selected() {
    const { relevance } = this.result;
    return this.token >= 0 ? this.token : relevance.indexOf(Math.max(...relevance));
  }

  #paint() {
    if (!this.result) {
      for (const canvas of [this.drawing, this.relevance, ...this.heads.map(({ canvas }) => canvas)]) {
        draw(canvas, Array(SIDE * SIDE).fill(0), null);
      }
      this.output.textContent = "";
      return;
    }
    const { tokens, relevance, layers } = this.result;
    const selected = this.#selected();
    const number = tokens[0] * tokens[1];
    const name = `${this.noun} ${selected + 1} of ${number}`;
    this.output.textContent = name;
    this.drawing.setAttribute("aria-valuenow", selected);
    this.drawing.setAttribute("aria-valuetext", name);
    const frame = box(selected, tokens);
    draw(this.drawing, this.pixels, null, frame);
    draw(this.relevance, this.pixels, spread(relevance, tokens));
    for (const { canvas, text, layer, head } of this.heads) {
      const { values, high } = layers[layer].heads[head];
      const own = values.slice(selected * number, (selected + 1) * number).map((value) => (value * high) / 255);
      draw(canvas, this.pixels, spread(own, tokens), frame);
      text.textContent = `head ${head + 1}, up to ${percent(Math.max(...own))}`;
      canvas.setAttribute("aria-label", `What ${name} looks at in layer ${layer + 1}, ${text.textContent}`);
    }
  }

  #point(event) {
    if (!this.result) return;
    const [rows, columns] = this.result.tokens;
    const { left, top, width, height } = this.drawing.getBoundingClientRect();
    const row = Math.floor(((event.clientY - top) / height) * rows);
    const column = Math.floor(((event.clientX - left) / width) * columns);
    if (row >= 0 && row < rows && column >= 0 && column < columns) this.#select(row * columns + column);
  }

  #key(event) {
    if (!this.result) return;
    const [rows, columns] = this.result.tokens;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const ends = { Home: 0, End: rows * columns - 1 };
    const next = ends[event.key] ?? this.#selected() + steps[event.key];
    if (Number.isNaN(next)) return;
    event.preventDefault();
    if (next >= 0 && next < rows * columns) this.#select(next);
  }

  #select(token) {
    if (token === this.token) return;
    this.token = token;
    this.#paint();
  }
}

// The pixels of a token: left, top, width and height.
function box(token, [rows, columns]) {
  const [wide, high] = [SIDE / columns, SIDE / rows];
  return [(token % columns) * wide, Math.floor(token / columns) * high, wide, high];
}

// Values of the tokens, each on its pixels.
function spread(values, [rows, columns]) {
  return Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [y, x] = [Math.floor(i / SIDE), i % SIDE];
    return values[Math.floor((y * rows) / SIDE) * columns + Math.floor((x * columns) / SIDE)];
  });
}

// Faint ink, the values over it in blue, and a frame.
function draw(canvas, pixels, values, frame = null) {
  const small = document.createElement("canvas");
  showSaliency(small, pixels, values ?? Array(SIDE * SIDE).fill(0));
  Object.assign(canvas, { width: SIDE * SCALE, height: SIDE * SCALE });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  if (!frame) return;
  context.strokeStyle = css("ink");
  context.lineWidth = 4;
  context.strokeRect(...frame.map((side) => side * SCALE));
}
