/**
 * Initial weights.
 *
 * Each parameter has a separate random stream, named after it, as in byhand/models/initial_weights.py. What is uniform
 * there (`glorot_uniform`, `he_uniform`, `torch`) is equal to Python's bit by bit; what is normal there (`glorot_normal`,
 * `he_normal`, `orthogonal`, positions) has the same distribution and other values, see rng.js.
 */

import { sizeOf } from "./arrays.js";
import { generator } from "./rng.js";

/** @typedef {import("./descriptions.js").Parameter} Parameter */
/** @typedef {import("./rng.js").Generator} Generator */
/** @typedef {import("./spec.js").Spec} Spec */

/**
 * Draw the initial weights of a network: parameters and then state, by name.
 * @param {Spec} spec
 * @param {number} seed
 * @returns {Map<string, { data: Float64Array, shape: number[] }>}
 */
export function startingValues(spec, seed) {
  const drawn = spec.parameters.map((parameter) => {
    const draw = generator(seed, "init", parameter.name);
    return /** @type {const} */ ([parameter.name, { data: values(parameter, spec.init, draw), shape: parameter.shape }]);
  });
  const kept = spec.state.map((state) => {
    return /** @type {const} */ ([state.name, { data: constants(state), shape: state.shape }]);
  });
  return new Map([...drawn, ...kept]);
}

/**
 * @param {Parameter} parameter
 * @param {string} init
 * @param {Generator} draw
 */
function values(parameter, init, draw) {
  const { shape, fanIn, fanOut, torchFan } = parameter;
  const filled = (/** @type {() => number} */ next) => Float64Array.from({ length: sizeOf(shape) }, next);
  if (parameter.deviation) return filled(() => parameter.deviation * draw.normal());
  if (init === "torch" && torchFan) {
    const bound = torchFan ** -0.5;
    return filled(() => draw.uniform(-bound, bound));
  }
  if (parameter.start) return constants(parameter);
  if (init === "orthogonal" && shape[0] === fanIn && fanIn === fanOut) {
    return rotations(fanIn, shape[1] / fanIn, draw);
  }
  const variance = init.startsWith("he") ? 2 / fanIn : 2 / (fanIn + fanOut);
  if (init.endsWith("normal")) return filled(() => Math.sqrt(variance) * draw.normal());
  // U(-a, a) has the variance a^2 / 3.
  return filled(() => draw.uniform(-1, 1) * Math.sqrt(3 * variance));
}

/**
 * Constants, one for each equal block of the last axis.
 * @param {Parameter} parameter
 */
function constants({ shape, start }) {
  const [width, blocks] = [shape[shape.length - 1], start ?? [0]];
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => blocks[Math.floor(((i % width) * blocks.length) / width)]);
}

/**
 * Random orthogonal matrices side by side: normal vectors, each freed of its part along those before it (Gram-Schmidt,
 * twice, because the first time leaves what rounding hid).
 * @param {number} size
 * @param {number} count
 * @param {Generator} draw
 */
function rotations(size, count, draw) {
  const W = new Float64Array(size * size * count);
  for (let block = 0; block < count; block++) {
    /** @type {Float64Array[]} */
    const columns = [];
    while (columns.length < size) {
      const column = Float64Array.from({ length: size }, () => draw.normal());
      for (const before of [...columns, ...columns]) {
        const along = before.reduce((sum, value, i) => sum + value * column[i], 0);
        for (let i = 0; i < size; i++) column[i] -= along * before[i];
      }
      const length = Math.hypot(...column);
      columns.push(column.map((value) => value / length));
    }
    columns.forEach((column, j) => {
      column.forEach((value, i) => {
        W[(i * count + block) * size + j] = value;
      });
    });
  }
  return W;
}
