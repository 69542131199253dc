// What feeds one unit: its weights, what comes in, and the largest of their products.

import * as api from "./api.js";
import { make, signed } from "./dom.js";
import { css, extreme, image, show, showSigned } from "./marks.js";

const KEEPS_UNITS = new Set(["ReLU", "Sigmoid", "Tanh", "Dropout", "MaxPool2d", "BatchNorm2d"]);
const GATES = { 3: ["reset", "update", "new"], 4: ["input", "forget", "output", "new"] };
const SHOWN = 9;

export class Feeds {
  constructor(title, body) {
    Object.assign(this, { title, body, turn: 0 });
    this.empty = [...body.childNodes];
  }

  of(network) {
    this.network = network;
    this.turn += 1;
    this.title.textContent = "What feeds a unit";
    this.body.replaceChildren(...this.empty);
    this.body.parentElement.classList.remove("chosen");
  }

  // `chosen` is false where nobody pointed at the unit: then the panel does not come into the way on a phone.
  async show(at, unit, told, chosen) {
    this.turn += 1;
    const turn = this.turn;
    const { layers, name } = this.network;
    let from = at;
    while (from >= 0 && KEEPS_UNITS.has(layers[from].kind)) from -= 1;
    const layer = layers[from];
    this.body.parentElement.classList.toggle("chosen", chosen);
    this.title.textContent = `${layers[at].name}, ${layers[at].shape.length === 3 ? "map" : "unit"} ${unit}`;
    if (!layer?.parameters) {
      this.body.replaceChildren(fact("Nothing learnt stands below: (pixel / 255 − mean) / deviation."));
      return;
    }
    if (!told) {
      this.body.replaceChildren(fact("Draw something first."));
      return;
    }
    try {
      const weights = await api.weights(name, layer.name);
      if (turn !== this.turn) return;
      const below = layers[from - 1]?.kind === "Flatten" ? from - 2 : from - 1;
      const made = { Linear: linear, Conv2d: convolution, Recurrent: recurrent }[layer.kind];
      const fed = made && made({
        W: part(weights, unit), shape: weights.shape.slice(1), back: weights.back && part(weights.back, unit),
        unit, told, output: told.layers[from],
        input: below < 0 ? { shape: [28, 28], values: told.pixels } : told.layers[below],
      });
      this.body.replaceChildren(...(fed ?? [fact(`${layer.text} learns a scale and a shift for each map.`)]));
    } catch (error) {
      if (turn === this.turn) this.body.replaceChildren(make("p", {}, error.message));
    }
  }
}

const fact = (text) => make("p", { class: "fact" }, text);

// One unit's share of an array that has units first.
function part({ shape, pictures }, unit) {
  const size = pictures.length / shape[0];
  return pictures.slice(unit * size, (unit + 1) * size);
}

const sumOf = (values) => values.reduce((total, value) => total + value, 0);

function figure(values, [height, width], text, box = null) {
  const canvas = make("canvas", { class: "pixels", role: "img", "aria-label": text });
  const scale = Math.max(1, Math.floor(224 / width));
  const small = document.createElement("canvas");
  showSigned(small, values, [height, width]);
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  if (box) {
    context.strokeStyle = css("ink");
    context.lineWidth = scale / 2;
    context.strokeRect(...box.map((side) => side * scale));
  }
  return make("figure", {}, canvas, make("figcaption", {}, text));
}

const pair = (...figures) => make("div", { class: "pair" }, ...figures);

function sum(terms, value, text) {
  const bias = value - terms;
  const said = `${signed(terms)} ${bias < 0 ? "−" : "+"} ${Math.abs(bias).toFixed(2)} = ${signed(value)}`;
  return make("p", { class: "sum" }, said, make("br"), make("small", {}, text));
}

// The largest terms as bars, blue for and orange against.
function feeders(names, terms) {
  const ranked = [...terms.keys()].sort((one, other) => Math.abs(terms[other]) - Math.abs(terms[one])).slice(0, SHOWN);
  const most = Math.abs(terms[ranked[0]]) || 1;
  return make("ol", { class: "feeders", "aria-label": "The largest terms" }, ...ranked.map((i) => {
    const bar = make("b", { class: terms[i] < 0 ? "less" : null });
    bar.style.width = `${(100 * Math.abs(terms[i])) / most}%`;
    return make("li", {},
      make("span", {}, names(i)), make("span", { "aria-hidden": "true" }, bar), make("span", {}, signed(terms[i])));
  }));
}

const mapOf = ({ shape: [height, width, channels], values }, channel) =>
  Array.from({ length: height * width }, (_, i) => values[i * channels + channel]);

function linear({ W, input, output, unit }) {
  const { shape } = input;
  const terms = W.map((weight, i) => weight * input.values[i]);
  const total = sum(sumOf(terms), output.values[unit], "weights times what enters, and the bias");
  if (shape.length === 2) {
    return [total, pair(figure(W, shape, "its weights"), figure(terms, shape, "weights times what enters"))];
  }
  if (shape.length === 1) return [total, feeders((i) => `unit ${i}`, terms)];
  const channels = shape[2];
  const own = Array.from({ length: channels }, (_, channel) => sumOf(terms.filter((_, i) => i % channels === channel)));
  const most = own.reduce((best, value, i) => (Math.abs(value) > Math.abs(own[best]) ? i : best), 0);
  return [total, feeders((i) => `map ${i}`, own), pair(
    figure(mapOf({ shape, values: W }, most), shape, `its weights on map ${most}`),
    figure(mapOf(input, most), shape, `map ${most}`))];
}

// A map is one kernel at every place: the place where it is strongest shows what it looks for.
function convolution({ W, shape: [side, , channels], input, output, unit }) {
  const [height, width] = input.shape;
  const maps = { shape: [height, width, channels], values: input.values };
  const [rows, columns, many] = output.shape;
  const strongest = [...Array(rows * columns).keys()].reduce((best, i) =>
    (output.values[i * many + unit] > output.values[best * many + unit] ? i : best), 0);
  const padding = (rows - height + side - 1) / 2;
  const [top, left] = [Math.floor(strongest / columns) - padding, (strongest % columns) - padding];
  const kernel = (channel) => mapOf({ shape: [side, side, channels], values: W }, channel);
  const terms = (channel) => kernel(channel).map((weight, i) => {
    const [y, x] = [top + Math.floor(i / side), left + (i % side)];
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : weight * maps.values[(y * width + x) * channels + channel];
  });
  const own = Array.from({ length: channels }, (_, channel) => sumOf(terms(channel)));
  const most = own.reduce((best, value, i) => (Math.abs(value) > Math.abs(own[best]) ? i : best), 0);
  const whence = channels === 1 ? "what enters" : `map ${most}`;
  return [
    sum(sumOf(own), output.values[strongest * many + unit],
      "kernel times the framed patch, and the bias, where the map is strongest"),
    pair(
      figure(kernel(most), [side, side], channels === 1 ? "its kernel" : `its kernel on map ${most}`),
      figure(mapOf(maps, most), [height, width], `${whence}, and the patch`, [left, top, side, side])),
    ...(channels === 1 ? [] : [feeders((i) => `map ${i}`, own)]),
  ];
}

// The unit's course over the rows, its weights on a row, and the earlier states that weigh most in the last step.
function recurrent({ W, shape: [gates, inputs], back, input, output, told, unit }) {
  const [rows, hidden] = output.shape;
  const states = hidden === undefined
    ? told.steps.hidden
    : Array.from({ length: rows }, (_, t) => output.values.slice(t * hidden, (t + 1) * hidden));
  const course = states.map((state) => state[unit]);
  const names = gates > 1 ? `, a line a gate: ${GATES[gates].join(", ")}` : "";
  const below = input.shape.length === 2 && inputs === 28 ? "the 28 pixels of a row" : `the ${inputs} units below`;
  const parts = [
    sum(course.at(-2), course.at(-1), "its state after row 27, the last step, its state after row 28"),
    strip(course, 1, "its state after every row", 1.2),
    strip(W, gates, `its weights on ${below}${names}`, 0.9),
  ];
  if (!back) return parts;
  // The last block makes the new state, in every cell.
  const terms = back.slice((gates - 1) * states[0].length).map((weight, i) => weight * states.at(-2)[i]);
  const into = gates > 1 ? " into the new state" : "";
  return [...parts, fact(`State after row 27 times weights${into}:`), feeders((i) => `unit ${i}`, terms)];
}

function strip(values, rows, label, thick) {
  const canvas = make("canvas", { class: "pixels", role: "img", "aria-label": label });
  show(canvas, image(values.length / rows, rows, (i) => values[i], extreme(values)));
  canvas.style.height = `${rows * thick}rem`;
  return make("figure", {}, canvas, make("figcaption", {}, label));
}
