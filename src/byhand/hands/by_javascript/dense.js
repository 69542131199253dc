/**
 * The multilayer perceptron's layers: forward, and the backward pass derived from it.
 *
 * Every backward pass is the chain rule for L(y(x)), the loss as a function of the layer's output. Writing dy for dL/dy,
 * and summing over every output that an entry contributes to:
 *
 *     y = x W + b      dW = x^T dy        db = sum_B dy       dx = dy W^T
 *     y = max(x, 0)    dx = dy [y > 0]
 *     y = sigma(x)     dx = dy y (1 - y)
 *     y = tanh(x)      dx = dy (1 - y^2)
 *     y = x Phi(x)     dx = dy (Phi(x) + x phi(x))
 *     y = x m          dx = dy m          (dropout, mask m)
 *
 * Phi is the distribution function of the normal distribution and phi = Phi' its density. Of a sequence (T, D) the
 * linear layer takes every step by itself: the rows of all steps of all pictures are its batch.
 *
 * Twins: by_numpy/dense.py, by_tensor/dense.py, by_torch/dense.py. Rumelhart, Hinton & Williams (1986).
 */

import { T, map, matmul, plusRow, sumRows, zeros } from "./arrays.js";
import { erf } from "./erf.js";
import { Layer, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */
/** @typedef {import("./layer.js").Mode} Mode */

/** y = x W + b */
export class Linear extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [W, b]) {
    // y = x W + b                                    (B, D) (D, H) -> (B, H)
    const y = plusRow(matmul(x, W), b);
    return [y, { x, W }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @param {boolean} wanted
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { x, W }, wanted = true) {
    // dW = x^T dy                                    (D, B) (B, H) -> (D, H)
    const dW = matmul(T(x), dy);
    // db = sum_B dy                                  (B, H) -> (H,)
    const db = sumRows(dy);
    // dx = dy W^T                                    (B, H) (H, D) -> (B, D)
    const dx = wanted ? matmul(dy, T(W)) : dy;
    return [dx, [dW, db]];
  }
}

/** y = max(x, 0) */
export class ReLU extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const y = map((x) => (x > 0 ? x : 0), x);
    return [y, y];
  }

  /**
   * @param {NDArray} dy
   * @param {NDArray} y
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, y) {
    // dx = dy [y > 0]
    return [map((dy, y) => (y > 0 ? dy : 0), dy, y), []];
  }
}

/**
 * 1 / (1 + exp(-x)). Where exp overflows it is Infinity, and 1 / Infinity is 0.
 * @param {NDArray} x
 */
export function sigmoid(x) {
  return map((x) => 1 / (1 + Math.exp(-x)), x);
}

/** @param {NDArray} x */
export function tanh(x) {
  return map(Math.tanh, x);
}

/** y = 1 / (1 + exp(-x)) */
export class Sigmoid extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const y = sigmoid(x);
    return [y, y];
  }

  /**
   * @param {NDArray} dy
   * @param {NDArray} y
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, y) {
    // dx = dy y (1 - y)
    return [map((dy, y) => dy * y * (1 - y), dy, y), []];
  }
}

/** y = tanh(x) */
export class Tanh extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const y = tanh(x);
    return [y, y];
  }

  /**
   * @param {NDArray} dy
   * @param {NDArray} y
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, y) {
    // dx = dy (1 - y^2)
    return [map((dy, y) => dy * (1 - y ** 2), dy, y), []];
  }
}

/** y = x Phi(x) with Phi(x) = (1 + erf(x / sqrt 2)) / 2 (Hendrycks & Gimpel, 2016). */
export class GELU extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    // Phi(x) = (1 + erf(x / sqrt 2)) / 2
    const Phi = map((x) => 0.5 + 0.5 * erf(x / Math.SQRT2), x);
    // y = x Phi(x)
    return [map((x, Phi) => x * Phi, x, Phi), { x, Phi }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { x, Phi }) {
    // phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
    const phi = map((x) => Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI), x);
    // dx = dy (Phi(x) + x phi(x))
    return [map((dy, x, Phi, phi) => dy * (Phi + x * phi), dy, x, Phi, phi), []];
  }
}

/** y = x m, where m is 0 with probability `rate` and else 1 / (1 - rate) (Srivastava et al., 2014). */
export class Dropout extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} _parameters
   * @param {Mode} mode
   * @returns {[NDArray, any]}
   */
  forward(x, _parameters, { rng }) {
    const { rate } = this.settings;
    if (!rng || rate === 0) return [x, null];
    const m = zeros(x.shape, x);
    for (let i = 0; i < m.size; i++) m.data[i] = rng.float32() >= Math.fround(rate) ? 1 / (1 - rate) : 0;
    // y = x m
    return [map((x, m) => x * m, x, m), m];
  }

  /**
   * @param {NDArray} dy
   * @param {NDArray | null} m
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, m) {
    // dx = dy m
    return [m ? map((dy, m) => dy * m, dy, m) : dy, []];
  }
}

implement("Linear", Linear);
implement("ReLU", ReLU);
implement("Sigmoid", Sigmoid);
implement("Tanh", Tanh);
implement("GELU", GELU);
implement("Dropout", Dropout);
