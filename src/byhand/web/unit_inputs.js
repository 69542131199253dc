// The inputs of one unit: its weights, the values they multiply, and the largest products.

import * as api from "./api.js";
import { count, make, signed } from "./dom.js";
import { css, largest, image, show, showWeights } from "./pixels.js";

const ELEMENTWISE = new Set([
  "ReLU", "Sigmoid", "Tanh", "GELU", "Dropout", "MaxPool2d", "BatchNorm1d", "BatchNorm2d", "GlobalAveragePool",
]);
const GATES = { 3: ["reset", "update", "new"], 4: ["input", "forget", "output", "new"] };
const SHOWN = 9;

export class UnitInputs {
  constructor(title, body) {
    Object.assign(this, { title, body, turn: 0 });
    this.empty = [...body.childNodes];
  }

  reset(network) {
    this.network = network;
    this.turn += 1;
    this.title.textContent = "Inputs of a unit";
    this.body.replaceChildren(...this.empty);
    this.body.parentElement.classList.remove("chosen");
  }

  // `chosen` is false for the unit shown by default: then the panel does not cover the page on a phone.
  async show(at, unit, result, chosen) {
    this.turn += 1;
    const turn = this.turn;
    const { layers, name } = this.network;
    let from = at;
    while (from >= 0 && ELEMENTWISE.has(layers[from].kind)) from -= 1;
    const layer = layers[from];
    this.body.parentElement.classList.toggle("chosen", chosen);
    this.title.textContent = `${layers[at].name}, ${layers[at].shape.length === 3 ? "map" : "unit"} ${unit}`;
    if (!layer?.parameters) {
      const patches = layer?.kind === "Patches";
      const text = patches ? "the pixels of each patch, row by row" : "(pixel / 255 − mean) / standard deviation";
      this.body.replaceChildren(note(`No weights: ${text}.`));
      return;
    }
    if (!result) {
      this.body.replaceChildren(note("Draw a digit first."));
      return;
    }
    const explain = { Linear: linear, Conv2d: convolution, Recurrent: recurrent }[layer.kind];
    if (!explain) {
      const parameters = count(layer.parameters);
      this.body.replaceChildren(note(`${layer.kind} has ${parameters} parameters, and every value depends on many.`));
      return;
    }
    try {
      const weights = await api.weights(name, layer.name);
      if (turn !== this.turn) return;
      const below = layers[from - 1]?.kind === "Flatten" ? from - 2 : from - 1;
      const content = explain({
        W: part(weights, unit), shape: weights.shape.slice(1), back: weights.back && part(weights.back, unit),
        unit, result, output: result.layers[from],
        input: below < 0 ? { shape: [28, 28], values: result.pixels } : result.layers[below],
      });
      this.body.replaceChildren(...content);
    } catch (error) {
      if (turn === this.turn) this.body.replaceChildren(make("p", {}, error.message));
    }
  }
}

const note = (text) => make("p", { class: "note" }, text);

// One unit's part of an array with units first.
function part({ shape, pictures }, unit) {
  const size = pictures.length / shape[0];
  return pictures.slice(unit * size, (unit + 1) * size);
}

const sumOf = (values) => values.reduce((total, value) => total + value, 0);

function figure(values, [height, width], text, box = null) {
  const canvas = make("canvas", { class: "pixels", role: "img", "aria-label": text });
  const scale = Math.max(1, Math.floor(224 / width));
  const small = document.createElement("canvas");
  showWeights(small, values, [height, width]);
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

function sum(terms, value, caption) {
  const bias = value - terms;
  const text = `${signed(terms)} ${bias < 0 ? "−" : "+"} ${Math.abs(bias).toFixed(2)} = ${signed(value)}`;
  return make("p", { class: "sum" }, text, make("br"), make("small", {}, caption));
}

// The largest terms as bars: positive is blue, negative is vermilion.
function largestTerms(names, terms) {
  const ranked = [...terms.keys()].sort((one, other) => Math.abs(terms[other]) - Math.abs(terms[one])).slice(0, SHOWN);
  const most = Math.abs(terms[ranked[0]]) || 1;
  return make("ol", { class: "terms", "aria-label": "The largest terms" }, ...ranked.map((i) => {
    const bar = make("b", { class: terms[i] < 0 ? "negative" : null });
    bar.style.width = `${(100 * Math.abs(terms[i])) / most}%`;
    return make("li", {},
      make("span", {}, names(i)), make("span", { "aria-hidden": "true" }, bar), make("span", {}, signed(terms[i])));
  }));
}

const mapOf = ({ shape: [height, width, channels], values }, channel) =>
  Array.from({ length: height * width }, (_, i) => values[i * channels + channel]);

function linear({ W, input, output, unit }) {
  const { shape } = input;
  if (W.length < input.values.length) return linearOfSteps({ W, input, output, unit });
  const terms = W.map((weight, i) => weight * input.values[i]);
  const total = sum(sumOf(terms), output.values[unit], "weights × inputs + bias");
  if (shape.length === 2) {
    return [total, pair(figure(W, shape, "its weights"), figure(terms, shape, "weights × inputs"))];
  }
  if (shape.length === 1) return [total, largestTerms((i) => `unit ${i}`, terms)];
  const channels = shape[2];
  const own = Array.from({ length: channels }, (_, channel) => sumOf(terms.filter((_, i) => i % channels === channel)));
  const most = own.reduce((best, value, i) => (Math.abs(value) > Math.abs(own[best]) ? i : best), 0);
  return [total, largestTerms((i) => `map ${i}`, own), pair(
    figure(mapOf({ shape, values: W }, most), shape, `its weights on map ${most}`),
    figure(mapOf(input, most), shape, `map ${most}`))];
}

// Of a sequence, the layer takes every step by itself; shown is the step with the unit's largest value.
function linearOfSteps({ W, input: { shape: [steps, inputs], values }, output, unit }) {
  const units = output.values.length / steps;
  const course = Array.from({ length: steps }, (_, step) => output.values[step * units + unit]);
  const most = course.indexOf(Math.max(...course));
  const terms = W.map((weight, i) => weight * values[most * inputs + i]);
  return [
    sum(sumOf(terms), course[most], `weights × inputs + bias, at step ${most + 1}, where it is largest`),
    strip(course, 1, "its value at every step", 1.2),
    largestTerms((i) => `value ${i}`, terms),
  ];
}

// A map is one kernel at every position; shown at the position of its largest value.
function convolution({ W, shape: [side, , channels], input, output, unit }) {
  const [height, width] = input.shape;
  const maps = { shape: [height, width, channels], values: input.values };
  const [rows, columns, many] = output.shape;
  const strongest = [...Array(rows * columns).keys()].reduce((best, i) =>
    (output.values[i * many + unit] > output.values[best * many + unit] ? i : best), 0);
  const stride = Math.round(height / rows);
  const padding = Math.ceil(((rows - 1) * stride + side - height) / 2);
  const [top, left] = [Math.floor(strongest / columns), strongest % columns].map((at) => at * stride - padding);
  const kernel = (channel) => mapOf({ shape: [side, side, channels], values: W }, channel);
  const terms = (channel) => kernel(channel).map((weight, i) => {
    const [y, x] = [top + Math.floor(i / side), left + (i % side)];
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : weight * maps.values[(y * width + x) * channels + channel];
  });
  const own = Array.from({ length: channels }, (_, channel) => sumOf(terms(channel)));
  const most = own.reduce((best, value, i) => (Math.abs(value) > Math.abs(own[best]) ? i : best), 0);
  const source = channels === 1 ? "the input" : `map ${most}`;
  return [
    sum(sumOf(own), output.values[strongest * many + unit],
      "kernel × framed patch + bias, at the largest value of the map"),
    pair(
      figure(kernel(most), [side, side], channels === 1 ? "its kernel" : `its kernel on map ${most}`),
      figure(mapOf(maps, most), [height, width], `${source}, with the patch`, [left, top, side, side])),
    ...(channels === 1 ? [] : [largestTerms((i) => `map ${i}`, own)]),
  ];
}

// The unit's state over the rows, its weights on a row, and the previous states with the largest terms.
function recurrent({ W, shape: [gates, inputs], back, input, output, result, unit }) {
  const [rows, hidden] = output.shape;
  const states = hidden === undefined
    ? result.steps.hidden
    : Array.from({ length: rows }, (_, t) => output.values.slice(t * hidden, (t + 1) * hidden));
  const course = states.map((state) => state[unit]);
  const names = gates > 1 ? `, one line per gate: ${GATES[gates].join(", ")}` : "";
  const below = input.shape.length === 2 && inputs === 28 ? "the 28 pixels of a row" : `the ${inputs} units below`;
  const parts = [
    sum(course.at(-2), course.at(-1), "state after row 27, last step, state after row 28"),
    strip(course, 1, "its state after every row", 1.2),
    strip(W, gates, `its weights on ${below}${names}`, 0.9),
  ];
  if (!back) return parts;
  // In every cell the last block computes the new state.
  const terms = back.slice((gates - 1) * states[0].length).map((weight, i) => weight * states.at(-2)[i]);
  const into = gates > 1 ? " into the new state" : "";
  return [...parts, note(`State after row 27 × weights${into}:`), largestTerms((i) => `unit ${i}`, terms)];
}

function strip(values, rows, label, thick) {
  const canvas = make("canvas", { class: "pixels", role: "img", "aria-label": label });
  show(canvas, image(values.length / rows, rows, (i) => values[i], largest(values)));
  canvas.style.height = `${rows * thick}rem`;
  return make("figure", {}, canvas, make("figcaption", {}, label));
}
