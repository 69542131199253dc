/**
 * Layer descriptions: settings, shapes and parameters, with no weights and no arithmetic.
 *
 * A description is `{ kind: "Linear", units: 10, ... }`, as spec.json has it. Shapes have no batch axis: rows are (D,),
 * sequences (T, D), maps (H, W, C); an image (28, 28) is a sequence of 28 rows for a recurrent layer and a map with one
 * channel for a convolution.
 *
 * Twin: byhand/models/layers/.
 */

import { sizeOf } from "./arrays.js";
import { ByhandError } from "./errors.js";

/**
 * @typedef {number[]} Shape
 * @typedef {{ kind: string, [setting: string]: any }} Settings
 */

/**
 * One array of a network, learned or state.
 * @typedef {object} Parameter
 * @property {string} name
 * @property {Shape} shape
 * @property {number} fanIn  Number of inputs of one output, and of outputs of one input: initial weights are scaled by them.
 * @property {number} fanOut
 * @property {number} torchFan  The number under the root in the default of torch.nn; 0 if it draws none.
 * @property {number[] | null} start  The initial constants, one for each equal block; `null` for what is drawn.
 * @property {number} deviation  Of initial values drawn from N(0, deviation^2) whatever the network's `init`; 0 for others.
 */

/**
 * What is known of one kind of layer.
 * @typedef {object} Description
 * @property {Record<string, any>} defaults  Its settings; a setting has its default's type.
 * @property {(settings: Settings) => void} [check]
 * @property {(shape: Shape, settings: Settings) => Shape} [outputShape]  By default the same shape.
 * @property {(shape: Shape, settings: Settings) => Parameter[]} [parameters]  By default none.
 * @property {(shape: Shape, settings: Settings) => Parameter[]} [state]  By default none.
 * @property {number} [copies]  Of a layer made of layers: how many copies of them there are.
 */

/**
 * @param {string} name
 * @param {Shape} shape
 * @param {Partial<Parameter>} more
 * @returns {Parameter}
 */
function weight(name, shape, more) {
  return { name, shape, fanIn: 1, fanOut: 1, torchFan: 0, start: null, deviation: 0, ...more };
}

/**
 * @param {string} name
 * @param {Shape} shape
 * @param {number[]} start
 * @param {number} torchFan
 */
function constant(name, shape, start, torchFan = 0) {
  return weight(name, shape, { start, torchFan });
}

/**
 * @param {Settings} settings
 * @param {Shape} shape
 * @param {string} expected
 * @returns {never}
 */
function wrongShape(settings, shape, expected) {
  throw new ByhandError(`${settings.kind} expects ${expected}, got (${shape.join(", ")}).`, "layer.wrong_shape");
}

/**
 * Check settings: integers from a least one on.
 * @param {Settings} settings
 * @param {number} least
 * @param {string[]} names
 */
function atLeast(settings, least, ...names) {
  for (const name of names) {
    if (!Number.isSafeInteger(settings[name]) || settings[name] < least) {
      throw new ByhandError(
        `${settings.kind} has ${name} = ${settings[name]}; expected an integer, ${least} or more.`,
        "layer.out_of_range",
      );
    }
  }
}

/**
 * @param {Shape} shape
 * @param {Settings} settings
 * @returns {[number, number, number]}
 */
function maps(shape, settings) {
  if (shape.length === 2) return [shape[0], shape[1], 1];
  if (shape.length !== 3) wrongShape(settings, shape, "maps (H, W, C)");
  return [shape[0], shape[1], shape[2]];
}

/**
 * @param {Shape} shape
 * @param {Settings} settings
 * @returns {[number, number]}
 */
function sequence(shape, settings) {
  if (shape.length !== 2) wrongShape(settings, shape, "sequences (T, D)");
  return [shape[0], shape[1]];
}

/**
 * @param {Shape} shape
 * @param {Settings} settings
 */
function rowsOrSteps(shape, settings) {
  if (shape.length !== 1 && shape.length !== 2) wrongShape(settings, shape, "rows (D,) or sequences (T, D)");
  return shape;
}

/** @param {Shape} shape */
function scaleAndShift(shape) {
  const width = shape.slice(-1);
  return [constant("gamma", width, [1]), constant("beta", width, [0])];
}

/** @param {Shape} shape */
function runningAverages(shape) {
  const width = shape.slice(-1);
  return [constant("running_mean", width, [0]), constant("running_var", width, [1])];
}

/** Cells, and the number of blocks of H columns in their weights: LSTM's i, f, o, g, and GRU's r, z, n. */
const GATES = new Map([
  ["elman", 1],
  ["lstm", 4],
  ["gru", 3],
]);

/** @type {Record<string, Description>} */
const KINDS = {
  Standardize: {
    defaults: { mean: 0.1307, std: 0.3081 },
    check(settings) {
      if (!(Number.isFinite(settings.mean) && Number.isFinite(settings.std) && settings.std > 0)) {
        throw new ByhandError(
          `Standardize has mean ${settings.mean} and std ${settings.std}; expected finite numbers, and std above 0.`,
          "layer.out_of_range",
        );
      }
    },
  },
  Flatten: { defaults: {}, outputShape: (shape) => [sizeOf(shape)] },
  Select: {
    defaults: { indices: [] },
    outputShape(shape, settings) {
      if (shape.length !== 1) wrongShape(settings, shape, "rows (D,)");
      const { indices } = settings;
      if (!indices.length || indices.some((/** @type {any} */ i) => !Number.isInteger(i) || i < 0 || i >= shape[0])) {
        throw new ByhandError(
          `Select has ${indices.length} indices; expected one or more, from 0 to ${shape[0] - 1}.`,
          "layer.out_of_range",
        );
      }
      return [indices.length];
    },
  },
  Linear: {
    defaults: { units: 0, weight: "W", bias: "b" },
    check: (settings) => atLeast(settings, 1, "units"),
    outputShape: (shape, settings) => [...rowsOrSteps(shape, settings).slice(0, -1), settings.units],
    parameters(shape, settings) {
      const inputs = shape[shape.length - 1];
      return [
        weight(settings.weight, [inputs, settings.units], { fanIn: inputs, fanOut: settings.units, torchFan: inputs }),
        constant(settings.bias, [settings.units], [0], inputs),
      ];
    },
  },
  ReLU: { defaults: {} },
  Sigmoid: { defaults: {} },
  Tanh: { defaults: {} },
  GELU: { defaults: {} },
  Dropout: {
    defaults: { rate: 0.5 },
    check(settings) {
      if (!(settings.rate >= 0 && settings.rate < 1)) {
        throw new ByhandError(
          `Dropout has rate ${settings.rate}; expected at least 0 and less than 1.`,
          "layer.out_of_range",
        );
      }
    },
  },
  Conv2d: {
    defaults: { channels: 0, kernel: 0, stride: 1, padding: 0 },
    check(settings) {
      atLeast(settings, 1, "channels", "kernel", "stride");
      atLeast(settings, 0, "padding");
    },
    outputShape(shape, settings) {
      const [height, width] = maps(shape, settings);
      const { kernel, stride, padding, channels } = settings;
      if (Math.min(height, width) + 2 * padding < kernel) wrongShape(settings, shape, `maps of ${kernel} or more`);
      const side = (/** @type {number} */ size) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
      return [side(height), side(width), channels];
    },
    parameters(shape, settings) {
      const { kernel, channels } = settings;
      const inputs = maps(shape, settings)[2];
      const fanIn = kernel ** 2 * inputs;
      return [
        weight("W", [kernel, kernel, inputs, channels], { fanIn, fanOut: kernel ** 2 * channels, torchFan: fanIn }),
        constant("b", [channels], [0], fanIn),
      ];
    },
  },
  MaxPool2d: {
    defaults: { size: 2 },
    check: (settings) => atLeast(settings, 1, "size"),
    outputShape(shape, settings) {
      const [height, width, channels] = maps(shape, settings);
      const { size } = settings;
      if (Math.min(height, width) < size) wrongShape(settings, shape, `maps of ${size} or more`);
      return [Math.floor(height / size), Math.floor(width / size), channels];
    },
  },
  GlobalAveragePool: {
    defaults: {},
    outputShape(shape, settings) {
      if (shape.length !== 2 && shape.length !== 3) wrongShape(settings, shape, "maps (H, W, C) or sequences (T, D)");
      return shape.slice(-1);
    },
  },
  BatchNorm1d: {
    defaults: { momentum: 0.1, epsilon: 1e-5 },
    outputShape: rowsOrSteps,
    parameters: scaleAndShift,
    state: runningAverages,
  },
  BatchNorm2d: {
    defaults: { momentum: 0.1, epsilon: 1e-5 },
    outputShape: maps,
    parameters: (shape, settings) => scaleAndShift(maps(shape, settings)),
    state: (shape, settings) => runningAverages(maps(shape, settings)),
  },
  LayerNorm: { defaults: { epsilon: 1e-5 }, outputShape: rowsOrSteps, parameters: scaleAndShift },
  Patches: {
    defaults: { size: 4 },
    check: (settings) => atLeast(settings, 1, "size"),
    outputShape(shape, settings) {
      const [height, width, channels] = maps(shape, settings);
      const { size } = settings;
      if (height % size || width % size) wrongShape(settings, shape, `maps whose sides ${size} divides`);
      return [(height / size) * (width / size), size ** 2 * channels];
    },
  },
  Positions: {
    defaults: {},
    outputShape: sequence,
    parameters: (shape, settings) => [weight("P", sequence(shape, settings), { deviation: 0.02 })],
  },
  Attention: {
    defaults: { heads: 1 },
    check: (settings) => atLeast(settings, 1, "heads"),
    outputShape(shape, settings) {
      const [, width] = sequence(shape, settings);
      if (width % settings.heads) wrongShape(settings, shape, `steps whose width ${settings.heads} divides`);
      return shape;
    },
    parameters(shape) {
      const D = shape[1];
      return [
        weight("W_qkv", [D, 3 * D], { fanIn: D, fanOut: D }),
        constant("b_qkv", [3 * D], [0]),
        weight("W_o", [D, D], { fanIn: D, fanOut: D, torchFan: D }),
        constant("b_o", [D], [0]),
      ];
    },
  },
  Recurrent: {
    defaults: { cell: "elman", hidden: 0, every: false, forget_bias: 0 },
    check(settings) {
      if (!GATES.has(settings.cell)) {
        throw new ByhandError(`Recurrent has no cell ${JSON.stringify(settings.cell)}.`, "layer.unknown_cell");
      }
      atLeast(settings, 1, "hidden");
    },
    outputShape(shape, settings) {
      const [steps] = sequence(shape, settings);
      return settings.every ? [steps, settings.hidden] : [settings.hidden];
    },
    parameters([, inputs], { cell, hidden, forget_bias }) {
      const columns = /** @type {number} */ (GATES.get(cell)) * hidden;
      const bias = (/** @type {string} */ name, start = [0]) => constant(name, [columns], start, hidden);
      const more = { fanOut: hidden, torchFan: hidden };
      const weights = [
        weight("W_xh", [inputs, columns], { fanIn: inputs, ...more }),
        weight("W_hh", [hidden, columns], { fanIn: hidden, ...more }),
      ];
      if (cell === "elman") return [...weights, bias("b_h")];
      return [...weights, bias("b_xh", cell === "lstm" ? [0, forget_bias, 0, 0] : [0]), bias("b_hh")];
    },
  },
  Residual: {
    defaults: { layers: [] },
    copies: 1,
    outputShape(shape, settings) {
      const after = inside(settings, shape).at(-1)?.after ?? [];
      if (String(after) !== String(shape)) wrongShape(settings, after, `layers that keep the shape (${shape.join(", ")})`);
      return shape;
    },
  },
  Bidirectional: {
    defaults: { layers: [] },
    copies: 2,
    outputShape(shape, settings) {
      sequence(shape, settings);
      const after = inside(settings, shape).at(-1)?.after ?? [];
      return [...after.slice(0, -1), 2 * after[after.length - 1]];
    },
  },
};

/** @type {Map<string, Description>} */
export const DESCRIPTIONS = new Map(Object.entries(KINDS));

/**
 * The description of a layer.
 * @param {Settings} settings
 * @returns {Description}
 */
export function description(settings) {
  const known = DESCRIPTIONS.get(settings.kind);
  if (!known) {
    throw new ByhandError(`The javascript hand has no layer ${String(settings.kind)}.`, "hands.missing_layer");
  }
  return known;
}

/**
 * @param {Settings} settings
 * @param {Shape} shape
 * @returns {Shape}
 */
export function outputShape(settings, shape) {
  return description(settings).outputShape?.(shape, settings) ?? shape;
}

/**
 * The layers inside a container for an input of `shape`, one copy after the other.
 * @param {Settings} settings
 * @param {Shape} shape
 */
export function inside(settings, shape) {
  /** @type {{ layer: Settings, before: Shape, after: Shape }[]} */
  const found = [];
  for (let copy = 0; copy < (description(settings).copies ?? 0); copy++) {
    let after = shape;
    for (const layer of settings.layers) {
      const before = after;
      after = outputShape(layer, before);
      found.push({ layer, before, after });
    }
  }
  return found;
}

/**
 * What a layer learns, or of a container what the layers inside do, in the order of the flat vector.
 * @param {Settings} settings
 * @param {Shape} shape
 * @returns {Parameter[]}
 */
export function parametersOf(settings, shape) {
  const known = description(settings);
  if (known.copies) return inside(settings, shape).flatMap(({ layer, before }) => parametersOf(layer, before));
  return known.parameters?.(shape, settings) ?? [];
}

/**
 * What a layer keeps without learning it.
 * @param {Settings} settings
 * @param {Shape} shape
 * @returns {Parameter[]}
 */
export function stateOf(settings, shape) {
  const known = description(settings);
  if (known.copies) return inside(settings, shape).flatMap(({ layer, before }) => stateOf(layer, before));
  return known.state?.(shape, settings) ?? [];
}

/**
 * Divide one value for each parameter, then one for each state, among the layers inside: theirs, in the same order.
 * @template Value
 * @param {Settings} settings
 * @param {Shape} shape
 * @param {Value[]} values
 * @returns {Value[][]}
 */
export function divided(settings, shape, values) {
  const inner = inside(settings, shape);
  let at = 0;
  const take = (/** @type {number} */ count) => values.slice(at, (at += count));
  const learned = inner.map(({ layer, before }) => take(parametersOf(layer, before).length));
  const kept = inner.map(({ layer, before }) => take(stateOf(layer, before).length));
  return learned.map((own, index) => [...own, ...kept[index]]);
}
