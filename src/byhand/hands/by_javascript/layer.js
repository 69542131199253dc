/**
 * The base classes of this hand's layers: two methods, `forward` and `backward`.
 *
 * Twins: by_numpy/layer.py, by_tensor/layer.py, by_torch/layer.py.
 */

import { description, divided } from "./descriptions.js";
import { ByhandError } from "./errors.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */
/** @typedef {import("./rng.js").Generator} Generator */

/**
 * What a forward pass is for.
 * @typedef {object} Mode
 * @property {boolean} training  Whether a backward pass follows; batch normalization then uses the batch's own averages.
 * @property {Generator | null} rng  Where dropout draws its masks; without one, nothing is dropped.
 */

/** @type {Mode} */
export const READING = Object.freeze({ training: false, rng: null });

/**
 * A layer: a forward pass and, right below it, the backward pass derived from it.
 *
 * An object only has settings. Everything else is passed in and returned. State (the running averages) is updated in
 * place in training; this is a layer's only side effect.
 */
export class Layer {
  /** @param {any} settings  The layer's description, as spec.json has it. */
  constructor(settings) {
    this.settings = settings;
  }

  /**
   * Compute the output.
   * @param {NDArray} x  Input `(B, ...)`, which must not be changed.
   * @param {NDArray[]} parameters  What the layer learns, followed by its state, in the order of the description.
   * @param {Mode} mode  Whether this is training.
   * @returns {[NDArray, any]}  The output `(B, ...)`, and the values that `backward` needs.
   */
  forward(x, parameters, mode) {
    throw new Error(`${this.constructor.name} has no forward pass ${x} ${parameters} ${mode}`);
  }

  /**
   * Apply the chain rule to one forward pass.
   * @param {NDArray} dy  Gradient of the loss with respect to the output, dL/dy.
   * @param {any} cache  The second value that `forward` returned.
   * @param {boolean} _wanted  Whether anything below learns; if not, a layer may return anything for dL/dx.
   * @returns {[NDArray, NDArray[]]}  dL/dx, and the gradients of what the layer learns, in the description's order.
   */
  backward(dy, cache, _wanted = true) {
    throw new Error(`${this.constructor.name} has no backward pass ${dy} ${cache}`);
  }
}

/** @type {Map<string, typeof Layer>} */
const implementations = new Map();

/**
 * Register this hand's implementation of a description, or of one cell of a recurrent one.
 * @param {string} kind
 * @param {typeof Layer} implementation
 */
export function implement(kind, implementation) {
  implementations.set(kind, implementation);
}

/**
 * The layer that implements a description.
 * @param {any} settings
 */
export function find(settings) {
  const implementation = implementations.get(settings.cell ?? settings.kind);
  if (!implementation) {
    throw new ByhandError(`The javascript hand has no layer ${settings.kind}.`, "hands.missing_layer");
  }
  return new implementation(settings);
}

/**
 * Pass layers in order; gives the output of the last, and what the backward pass of each needs.
 * @param {Layer[]} chain
 * @param {NDArray} x
 * @param {NDArray[][]} parameters
 * @param {Mode} mode
 * @returns {[NDArray, any[]]}
 */
export function forwardThrough(chain, x, parameters, mode) {
  const caches = chain.map((layer, index) => {
    const [y, cache] = layer.forward(x, parameters[index], mode);
    x = y;
    return cache;
  });
  return [x, caches];
}

/**
 * Pass layers in reverse; gives the gradient of the input of the first, and those of the parameters of each.
 * @param {Layer[]} chain
 * @param {NDArray} dy
 * @param {any[]} caches
 * @param {number} first  The lowest layer to pass, below which nothing learns; by default the input's gradient is wanted.
 * @returns {[NDArray, NDArray[][]]}
 */
export function backwardThrough(chain, dy, caches, first = -1) {
  /** @type {NDArray[][]} */
  const gradients = chain.map(() => []);
  for (let index = chain.length - 1; index >= Math.max(first, 0); index--) {
    [dy, gradients[index]] = chain[index].backward(dy, caches[index], index > first);
  }
  return [dy, gradients];
}

/** The base class of layers made of layers; what they compute from the branches inside is in `forward` as always. */
export class Container extends Layer {
  /** @param {any} settings */
  constructor(settings) {
    super(settings);
    /** @type {Layer[][]}  The layers inside: of each copy, its own. */
    this.copies = Array.from({ length: description(settings).copies ?? 1 }, () => settings.layers.map(find));
  }

  /**
   * Pass one copy of the layers inside, given all parameters of the container.
   * @param {number} copy
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @param {Mode} mode
   */
  branch(copy, x, parameters, mode) {
    const count = this.settings.layers.length;
    const own = divided(this.settings, x.shape.slice(1), parameters).slice(copy * count, (copy + 1) * count);
    return forwardThrough(this.copies[copy], x, own, mode);
  }

  /**
   * Pass one copy in reverse; gives the gradients of its parameters in their order.
   * @param {number} copy
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  branchBackward(copy, dy, cache) {
    const [dx, gradients] = backwardThrough(this.copies[copy], dy, cache);
    return [dx, gradients.flat()];
  }
}
