// A pad for drawings with mouse, pen, finger or keys, and for pictures. Coordinates are fractions of the pad's width.

import { css } from "./pixels.js";

const STEP = 1 / 40;
const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  Home: [-1, -1], PageUp: [1, -1], End: [-1, 1], PageDown: [1, 1],
};

export class Pad extends EventTarget {
  // `sentWidth` is the width in pixels of the drawing sentWidth to the service.
  constructor(canvas, { sentWidth, brush }) {
    super();
    Object.assign(this, { canvas, sentWidth, brush: brush / 100, strokes: [], picture: null, pen: null, cursor: null });
    this.held = new Set();
    const on = (name, act) => canvas.addEventListener(name, act);
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.#up(event));
    on("keydown", (event) => this.#key(event));
    on("keyup", (event) => this.held.delete(event.key));
    on("contextmenu", (event) => event.preventDefault());
    // Without this the browser takes a quick stroke for a fling, and the next tap only stops it.
    canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    on("focus", () => { if (canvas.matches(":focus-visible")) this.#showCursor(); });
    on("blur", () => { this.#lift(); this.held.clear(); this.cursor = null; this.paint(); });
    new ResizeObserver(() => this.paint()).observe(canvas);
  }

  get empty() { return !this.strokes.length && !this.picture; }
  get drawing() { return this.pen !== null; }
  get aspect() { return (this.canvas.clientHeight / this.canvas.clientWidth) || 1; }

  // The request body: the unchanged picture, or the drawing as PNG.
  body() {
    if (this.picture && !this.strokes.length) return this.picture.blob;
    const canvas = document.createElement("canvas");
    canvas.width = this.sentWidth;
    canvas.height = Math.round(this.sentWidth * this.aspect);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    this.#draw(context, canvas.width, "#000");
    // toBlob waits until the browser is idle; this does not.
    const bytes = Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), (sign) => sign.charCodeAt(0));
    return new Blob([bytes], { type: "image/png" });
  }

  undo() {
    if (this.strokes.length) this.strokes.pop();
    else this.picture = null;
    this.pen = null;
    this.#changed();
  }

  clear() {
    Object.assign(this, { strokes: [], picture: null, pen: null });
    this.dispatchEvent(new Event("cleared"));
    this.#changed();
  }

  put({ strokes = [], picture = null }) {
    Object.assign(this, { strokes, picture, pen: null });
    this.dispatchEvent(new Event("cleared"));
    this.#changed();
  }

  // Left, top and pixel size of a picture on the pad, as fractions of the pad's width.
  place(width, height) {
    const pixel = Math.min(1 / width, this.aspect / height);
    return [(1 - width * pixel) / 2, (this.aspect - height * pixel) / 2, pixel];
  }

  paint() {
    const { canvas } = this;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    if (!width) return;
    const height = Math.round(canvas.clientHeight * devicePixelRatio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    this.#draw(context, width, css("ink"));
    if (this.cursor) this.#ring(context, width);
    canvas.parentElement.classList.toggle("used", !this.empty);
  }

  #draw(context, width, ink) {
    if (this.picture) {
      const { bitmap } = this.picture;
      const [left, top, pixel] = this.place(bitmap.width, bitmap.height);
      context.drawImage(bitmap, left * width, top * width, bitmap.width * pixel * width, bitmap.height * pixel * width);
    }
    context.strokeStyle = context.fillStyle = ink;
    context.lineCap = context.lineJoin = "round";
    for (const { brush, points } of this.strokes) {
      context.lineWidth = brush * width;
      context.beginPath();
      if (points.length === 1) {
        context.arc(points[0][0] * width, points[0][1] * width, context.lineWidth / 2, 0, 2 * Math.PI);
        context.fill();
        continue;
      }
      // Quadratic curves between midpoints, with the points as control points.
      context.moveTo(points[0][0] * width, points[0][1] * width);
      for (let i = 1; i < points.length - 1; i += 1) {
        const [[x, y], [nextX, nextY]] = [points[i], points[i + 1]];
        context.quadraticCurveTo(x * width, y * width, ((x + nextX) / 2) * width, ((y + nextY) / 2) * width);
      }
      const [x, y] = points.at(-1);
      context.lineTo(x * width, y * width);
      context.stroke();
    }
  }

  #ring(context, width) {
    const [x, y] = this.cursor;
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeStyle = css(this.pen ? "orange" : "blue");
    context.beginPath();
    context.arc(x * width, y * width, Math.max((this.brush * width) / 2, 4) + context.lineWidth, 0, 2 * Math.PI);
    context.stroke();
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.width];
  }

  #down(event) {
    if (this.pen !== null || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor = null;
    this.#begin(event.pointerId, this.#at(event));
  }

  #move(event) {
    if (event.pointerId !== this.pen) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#extend(this.#at(each));
    this.#changed();
  }

  #up(event) {
    if (event.pointerId === this.pen) this.#lift();
  }

  #begin(pen, point) {
    this.pen = pen;
    this.strokes.push({ brush: this.brush, points: [point] });
    this.#changed();
  }

  #extend([x, y]) {
    const { points } = this.strokes.at(-1);
    const [lastX, lastY] = points.at(-1);
    if (Math.hypot(x - lastX, y - lastY) > 0.002) points.push([x, y]);
  }

  #lift() {
    if (this.pen === null) return;
    this.pen = null;
    this.#changed();
  }

  #changed() {
    this.paint();
    this.dispatchEvent(new Event("change"));
  }

  #showCursor() {
    this.cursor ??= [0.5, this.aspect / 4];
    this.paint();
  }

  #key(event) {
    const { key } = event;
    const undoes = key === "Backspace" || (key === "z" && (event.ctrlKey || event.metaKey));
    if (undoes && !this.empty) this.undo();
    else if (key === "Delete") this.clear();
    else if (key === " " || key === "Enter") {
      this.#showCursor();
      if (this.pen !== null) this.#lift();
      else if (!event.repeat) this.#begin("keys", [...this.cursor]);
      this.paint();
    } else if (key === "Escape") this.#lift();
    else if (key in KEYS) {
      this.held.add(key);
      this.#step(event.shiftKey ? 3 * STEP : STEP);
    } else return;
    event.preventDefault();
  }

  // Two keys held together move diagonally.
  #step(length) {
    this.#showCursor();
    const held = [...this.held].map((key) => KEYS[key]);
    const sum = (axis) => Math.sign(held.reduce((total, way) => total + way[axis], 0));
    const within = (value, most) => Math.max(0, Math.min(most, value));
    this.cursor = [within(this.cursor[0] + length * sum(0), 1), within(this.cursor[1] + length * sum(1), this.aspect)];
    if (this.pen === "keys") {
      this.#extend(this.cursor);
      this.#changed();
    } else this.paint();
  }
}
