/**
 * What `byhand prove` asks of this hand: a safetensors file in, a safetensors file out.
 *
 * In: the values of a network in float64, and `proof/images`, `proof/labels`. The header's `proof` says in which
 * precisions to compute, from which state of NumPy's generator dropout draws, and how many steps of gradient descent
 * with momentum follow. Or, without a network, `theta` and `gradients`, which every optimizer is to be fed. Out:
 * everything that was computed, or the header's `error`.
 */

import { ByhandError } from "./errors.js";
import { Network } from "./network.js";
import { DEFAULTS, Momentum, OPTIMIZERS } from "./optimizers.js";
import { Generator } from "./rng.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { Spec } from "./spec.js";

/** @typedef {import("./safetensors.js").Stored} Stored */

/**
 * @param {ArrayBuffer} file
 * @returns {ArrayBuffer}
 */
export function answer(file) {
  try {
    const { arrays, metadata } = readSafetensors(file);
    const { spec, proof } = JSON.parse(metadata.get("byhand") ?? "");
    const found = spec ? networkOf(new Spec(spec), arrays, proof) : optimizersOn(arrays, proof);
    return writeSafetensors(found);
  } catch (problem) {
    const code = problem instanceof ByhandError ? problem.code : "hands.javascript_failed";
    const error = JSON.stringify({ message: problem instanceof Error ? problem.message : String(problem), code });
    return writeSafetensors(new Map(), new Map([["error", error]]));
  }
}

/**
 * @param {Spec} spec
 * @param {Map<string, Stored>} arrays
 * @param {any} proof
 */
function networkOf(spec, arrays, proof) {
  const images = /** @type {Uint8Array} */ (arrays.get("proof/images")?.data);
  const labels = /** @type {Uint8Array} */ (arrays.get("proof/labels")?.data);
  const values = new Map([...arrays].filter(([name]) => !name.startsWith("proof/")));
  const drawn = () => new Generator(BigInt(proof.rng.state), BigInt(proof.rng.inc));
  /** @type {Map<string, Stored>} */
  const found = new Map();
  for (const dtype of proof.dtypes) {
    const keep = (/** @type {string} */ kind, /** @type {Map<string, Stored>} */ results) => {
      for (const [name, { data, shape }] of results) found.set(`${dtype}/${kind}/${name}`, { data: data.slice(), shape });
    };
    const network = new Network(spec, { dtype });
    network.load(values);
    keep("logits", new Map([["", network.logits(images)]]));
    keep("output", network.activations(images));
    const loss = network.lossAndGradient(images, labels, drawn());
    keep("loss", new Map([["", { data: Float64Array.of(loss), shape: [] }]]));
    keep("gradient", network.gradients);
    keep("state", network.state);
    network.load(values);
    const [optimizer, rng] = [new Momentum(network.theta, { ...DEFAULTS, momentum: proof.momentum }), drawn()];
    for (let step = 0; step < proof.steps; step++) {
      network.lossAndGradient(images, labels, rng);
      optimizer.step(network.gradient, proof.lr);
    }
    keep("trained", network.parameters);
  }
  return found;
}

/**
 * @param {Map<string, Stored>} arrays
 * @param {any} proof
 */
function optimizersOn(arrays, proof) {
  const theta = /** @type {Float64Array} */ (arrays.get("theta")?.data);
  const gradients = /** @type {Float64Array} */ (arrays.get("gradients")?.data);
  /** @type {Map<string, Stored>} */
  const found = new Map();
  for (const [name, Optimizer] of Object.entries(OPTIMIZERS)) {
    const moved = theta.slice();
    const optimizer = new Optimizer(moved, { ...DEFAULTS, ...proof.config });
    proof.rates.forEach((/** @type {number} */ rate, /** @type {number} */ step) => {
      optimizer.step(gradients.subarray(step * theta.length, (step + 1) * theta.length), rate);
    });
    found.set(name, { data: moved, shape: [moved.length] });
  }
  return found;
}
