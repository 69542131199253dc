/**
 * The description of a network: layer descriptions, from which shapes, names and parameter counts follow.
 *
 * It has no weights and computes nothing. `parseSpec` reads what byhand writes, checks it, and takes nothing on trust:
 * the text may come from anywhere.
 *
 * Parameters have the same names in every hand. A layer defines local names (`W`, `b`); a name that several layers use
 * is numbered (`W1`, `b1`, `W2`, `b2`), and a name used once is kept (`W_xh`).
 *
 * Twin: byhand/models/spec.py.
 */

import { sizeOf } from "./arrays.js";
import { description, outputShape, parametersOf, stateOf } from "./descriptions.js";
import { ByhandError } from "./errors.js";

/** @typedef {import("./descriptions.js").Parameter} Parameter */
/** @typedef {import("./descriptions.js").Settings} Settings */
/** @typedef {import("./descriptions.js").Shape} Shape */

const LOSSES = ["softmax", "sigmoid"];
const INITS = ["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "orthogonal", "torch"];

/** A network may be as large as this: enough for any of ours a hundred times over. */
const MOST = { layers: 1000, depth: 16, parameters: 2 ** 26, values: 2 ** 26 };

/** A network, and the loss it is trained with. */
export class Spec {
  /** @param {any} values  The plain values of a file. */
  constructor(values) {
    const { layers, input_shape = [28, 28], loss = "softmax", init = "glorot_uniform", smoothing = 0 } = object(values);
    /** @type {Settings[]} */
    this.layers = checkedLayers(layers, 0);
    if (this.layers[0].kind !== "Standardize") {
      throw new ByhandError("The first layer of a network must be Standardize.", "spec.first_layer");
    }
    if (!LOSSES.includes(loss)) throw new ByhandError(`There is no loss ${quoted(loss)}.`, "spec.unknown_loss");
    if (!INITS.includes(init)) throw new ByhandError(`There is no init ${quoted(init)}.`, "spec.unknown_init");
    if (!(typeof smoothing === "number" && smoothing >= 0 && smoothing < 1)) {
      throw new ByhandError(`Label smoothing is ${quoted(smoothing)}; expected 0 to less than 1.`, "spec.out_of_range");
    }
    if (!isShape(input_shape)) {
      throw new ByhandError(`The input shape is ${quoted(input_shape)}; expected integers.`, "spec.input_shape");
    }
    /** @type {Shape} */
    this.inputShape = input_shape;
    /** @type {string} */
    this.loss = loss;
    /** @type {string} */
    this.init = init;
    /** @type {number} */
    this.smoothing = smoothing;

    /** @type {Shape[]}  Before the first layer and after every layer. */
    this.shapes = [input_shape];
    for (const layer of this.layers) this.shapes.push(within(outputShape(layer, this.shapes[this.shapes.length - 1])));
    const [K, ...more] = this.shapes[this.shapes.length - 1];
    if (more.length) {
      throw new ByhandError("The network does not end with rows; add Flatten and Linear.", "spec.output_shape");
    }
    /** Number of logits, K. */
    this.classes = K;
    /** What each layer learns, under full names. */
    this.layerParameters = renamed(this.layers.map((layer, i) => parametersOf(layer, this.shapes[i])));
    /** What each layer keeps and does not learn, under full names. */
    this.layerState = renamed(this.layers.map((layer, i) => stateOf(layer, this.shapes[i])));
    /** All learned parameters, in the order of the flat vector. */
    this.parameters = this.layerParameters.flat();
    this.state = this.layerState.flat();
    /** Number of learned values. */
    this.size = this.parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
    if (!this.size) throw new ByhandError("The network has nothing to learn; add Linear.", "spec.no_parameters");
    if (this.size > MOST.parameters) {
      throw new ByhandError(`The network has ${this.size} values to learn, too many to build.`, "spec.too_large");
    }
    const names = [...this.parameters, ...this.state].map((parameter) => parameter.name);
    if (new Set(names).size < names.length || !names.every((name) => /^[A-Za-z_]\w*$/.test(name))) {
      throw new ByhandError("Two parameters have one name, or one no identifier for its name.", "spec.parameter_name");
    }
    /** A name for each layer, numbered if its kind occurs more than once: `Linear1`, `Flatten`. */
    this.layerNames = numbered(this.layers.map((layer) => layer.kind));
  }

  /** Plain values for a file, which the constructor takes. */
  toObject() {
    const { layers, inputShape, loss, init, smoothing } = this;
    return { layers, input_shape: inputShape, loss, init, smoothing };
  }
}

/**
 * Read the text of a spec.json.
 * @param {string} text
 */
export function parseSpec(text) {
  let values;
  try {
    values = JSON.parse(text);
  } catch {
    throw new ByhandError("The description of the network is no JSON.", "spec.invalid_json");
  }
  return new Spec(values);
}

/**
 * @param {any} values
 * @returns {Record<string, any>}
 */
function object(values) {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new ByhandError(`Expected an object with the network's layers, got ${quoted(values)}.`, "spec.invalid_json");
  }
  return values;
}

/** @param {any} value */
function quoted(value) {
  return String(JSON.stringify(value)).slice(0, 60);
}

/** @param {any} shape */
function isShape(shape) {
  return (
    Array.isArray(shape) &&
    shape.length > 0 &&
    shape.every((axis) => Number.isSafeInteger(axis) && axis > 0) &&
    sizeOf(shape) <= MOST.values
  );
}

/** @param {Shape} shape */
function within(shape) {
  if (!isShape(shape)) throw new ByhandError(`A layer has outputs of (${shape}).`, "spec.too_large");
  return shape;
}

/**
 * Check a list of layers: kinds and settings that are known, each of its type. Settings that are missing get defaults.
 * @param {any} layers
 * @param {number} depth
 * @returns {Settings[]}
 */
function checkedLayers(layers, depth) {
  if (!Array.isArray(layers) || !layers.length || layers.length > MOST.layers || depth > MOST.depth) {
    throw new ByhandError(`Expected a list of layers, got ${quoted(layers)}.`, "spec.invalid_layers");
  }
  return layers.map((values) => {
    const { kind, ...given } = object(values);
    if (typeof kind !== "string") {
      throw new ByhandError(`The layer ${quoted(values)} has no kind.`, "spec.invalid_layers");
    }
    const known = description({ kind });
    const layer = { kind, ...known.defaults };
    for (const [name, value] of Object.entries(given)) {
      if (!Object.hasOwn(known.defaults, name)) {
        throw new ByhandError(`${kind} has no setting ${quoted(name)}.`, "spec.unknown_setting");
      }
      const expected = known.defaults[name];
      if (typeof value !== typeof expected || Array.isArray(value) !== Array.isArray(expected)) {
        throw new ByhandError(`${kind} has ${name} = ${quoted(value)}, of another type.`, "spec.wrong_type");
      }
      Object.assign(layer, { [name]: value });
    }
    if (known.copies) Object.assign(layer, { layers: checkedLayers(given.layers, depth + 1) });
    known.check?.(layer);
    return layer;
  });
}

/** @param {string[]} names */
function numbered(names) {
  /** @type {Map<string, number>} */
  const total = new Map();
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (const name of names) total.set(name, (total.get(name) ?? 0) + 1);
  return names.map((name) => {
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    return total.get(name) === 1 ? name : `${name}${number}`;
  });
}

/** @param {Parameter[][]} layers */
function renamed(layers) {
  const names = numbered(layers.flat().map((parameter) => parameter.name));
  let at = 0;
  return layers.map((layer) => layer.map((parameter) => ({ ...parameter, name: names[at++] })));
}
