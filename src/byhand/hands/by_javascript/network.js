/**
 * A network: the layers' forward passes in order, then their backward passes in reverse.
 *
 * Twins: by_numpy/network.py, by_tensor/network.py, by_torch/network.py.
 */

import "./attention.js";
import "./bidirectional.js";
import "./convolution.js";
import "./dense.js";
import "./elman.js";
import "./gru.js";
import "./lstm.js";
import "./normalization.js";
import "./patches.js";
import "./pixels.js";
import "./pooling.js";
import "./residual.js";
import { NDArray, copy, sizeOf } from "./arrays.js";
import { ByhandError } from "./errors.js";
import { startingValues } from "./initial_weights.js";
import { pass } from "./kernels.js";
import { READING, backwardThrough, find, forwardThrough } from "./layer.js";
import { LOSSES } from "./losses.js";

/** @typedef {import("./arrays.js").Data} Data */
/** @typedef {import("./descriptions.js").Parameter} Parameter */
/** @typedef {import("./layer.js").Mode} Mode */
/** @typedef {import("./rng.js").Generator} Generator */
/** @typedef {import("./spec.js").Spec} Spec */

/** Images in one block when many are read. */
const BLOCK = 64;

/**
 * Cut a flat vector into named views, one for each parameter, in their order.
 * @param {Data} vector
 * @param {Parameter[]} parameters
 */
function views(vector, parameters) {
  let start = 0;
  return new Map(
    parameters.map(({ name, shape }) => [
      name,
      new NDArray(vector.subarray(start, (start += sizeOf(shape))), shape),
    ]),
  );
}

/** A network whose parameters and gradients are named views of two vectors, `theta` and `gradient`. */
export class Network {
  /**
   * @param {Spec} spec
   * @param {{ seed?: number, dtype?: "float32" | "float64" }} [options]  Seed of the starting weights, and the precision.
   */
  constructor(spec, { seed = 0, dtype = "float32" } = {}) {
    const Kind = dtype === "float64" ? Float64Array : Float32Array;
    const stateSize = spec.state.reduce((sum, state) => sum + sizeOf(state.shape), 0);
    this.spec = spec;
    /** @type {Data} */
    this.theta = new Kind(spec.size);
    /** @type {Data} */
    this.gradient = new Kind(spec.size);
    this.parameters = views(this.theta, spec.parameters);
    this.gradients = views(this.gradient, spec.parameters);
    this.state = views(new Kind(stateSize), spec.state);
    this.layers = spec.layers.map(find);
    this.loss = LOSSES[spec.loss];
    const named = (/** @type {Map<string, NDArray>} */ values, /** @type {Parameter[]} */ of) =>
      of.map(({ name }) => /** @type {NDArray} */ (values.get(name)));
    this.layerParameters = this.layers.map((_, i) => [
      ...named(this.parameters, spec.layerParameters[i]),
      ...named(this.state, spec.layerState[i]),
    ]);
    this.layerGradients = this.layers.map((_, i) => named(this.gradients, spec.layerParameters[i]));
    /** The first layer that learns; below it no gradient is needed. */
    this.lowest = spec.layerParameters.findIndex((learned) => learned.length);
    this.load(startingValues(spec, seed));
  }

  /**
   * Copy parameters and state in by name.
   * @param {Map<string, { data: ArrayLike<number>, shape: number[] }>} values
   */
  load(values) {
    const wanted = new Map([...this.parameters, ...this.state]);
    for (const name of new Set([...wanted.keys(), ...values.keys()])) {
      const [place, value] = [wanted.get(name), values.get(name)];
      if (!place || !value) {
        throw new ByhandError(`The weights and the network differ in ${name}.`, "hands.parameter_names");
      }
      if (String(place.shape) !== String(value.shape)) {
        throw new ByhandError(
          `${name} has shape (${value.shape}); expected (${place.shape}).`,
          "hands.parameter_shape",
        );
      }
    }
    for (const [name, place] of wanted) place.data.set(/** @type {any} */ (values.get(name)).data);
  }

  /**
   * Compute the logits of images.
   * @param {Uint8Array} images  Pixels from 0 to 255, any number of images, ink light on dark.
   * @returns {NDArray}  `(B, K)`
   */
  logits(images) {
    const size = sizeOf(this.spec.inputShape);
    const K = this.spec.classes;
    const Kind = this.theta instanceof Float64Array ? Float64Array : Float32Array;
    const B = Math.max(1, Math.ceil(images.length / size));
    const logits = new NDArray(new Kind(B * K), [B, K]);
    for (let start = 0; start < B; start += BLOCK) {
      const block = images.subarray(start * size, (start + BLOCK) * size);
      pass(() => logits.data.set(this.forward(block, READING)[0].data, start * K));
    }
    return logits;
  }

  /**
   * Compute the mean loss of a batch as in training, and leave its gradient in `gradient`.
   * @param {Uint8Array} images
   * @param {ArrayLike<number>} labels  From 0 to K - 1.
   * @param {Generator | null} rng  Where dropout draws its masks; without one, nothing is dropped.
   * @returns {number}
   */
  lossAndGradient(images, labels, rng = null) {
    return pass(() => {
      const [logits, caches] = this.forward(images, { training: true, rng });
      const [loss, dlogits] = this.loss(logits, labels, this.spec.smoothing);
      this.backward(dlogits, caches);
      return loss;
    });
  }

  /**
   * Compute every layer's output when reading, by the names of `Spec.layerNames`.
   * @param {Uint8Array} images
   * @returns {Map<string, NDArray>}
   */
  activations(images) {
    let x = this.input(images);
    return new Map(
      this.layers.map((layer, index) => {
        [x] = layer.forward(x, this.layerParameters[index], READING);
        return [this.spec.layerNames[index], copy(x)];
      }),
    );
  }

  /**
   * Compute logits (B, K), and what the backward pass of each layer needs.
   * @param {Uint8Array} images
   * @param {Mode} mode
   */
  forward(images, mode) {
    return forwardThrough(this.layers, this.input(images), this.layerParameters, mode);
  }

  /**
   * Propagate the gradient from the logits to the first layer that learns, and store the gradients of the parameters.
   * @param {NDArray} dy
   * @param {any[]} caches
   */
  backward(dy, caches) {
    backwardThrough(this.layers, dy, caches, this.lowest)[1].forEach((found, layer) => {
      found.forEach((gradient, index) => this.layerGradients[layer][index].data.set(gradient.data));
    });
  }

  /**
   * Pixels in the network's precision.
   * @param {Uint8Array} images
   */
  input(images) {
    const size = sizeOf(this.spec.inputShape);
    const B = images.length / size;
    if (!Number.isInteger(B) || B === 0) {
      throw new ByhandError(`${images.length} pixels are no images of ${size} each.`, "hands.image_shape");
    }
    const Kind = this.theta instanceof Float64Array ? Float64Array : Float32Array;
    return new NDArray(new Kind(images), [B, ...this.spec.inputShape]);
  }
}
