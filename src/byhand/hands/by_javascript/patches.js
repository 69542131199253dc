/**
 * From a picture to a sequence: patches, and their positions.
 *
 *     y[t] = the values of patch t, row by row            dx = dy, each value back in its place
 *     y    = x + P                                        dx = dy          dP = sum_B dy
 *
 * Twins: by_numpy/patches.py, by_tensor/patches.py, by_torch/patches.py. Dosovitskiy et al. (2021); learned positions:
 * Vaswani et al. (2017).
 */

import { map, mapRows, reshape, sumRows, zeros } from "./arrays.js";
import { asMaps } from "./convolution.js";
import { Layer, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/**
 * Call `found(to, from)` for every value: `from` in maps (B, H, W, C), and `to` in their patches of n x n.
 * @param {number[]} shape
 * @param {number} n
 * @param {(to: number, from: number) => void} found
 */
function eachValue([B, height, width, C], n, found) {
  for (let b = 0, to = 0; b < B; b++) {
    for (let h = 0; h < height; h += n) {
      for (let w = 0; w < width; w += n) {
        for (let i = 0; i < n; i++) {
          const from = ((b * height + h + i) * width + w) * C;
          for (let j = 0; j < n * C; j++) found(to++, from + j);
        }
      }
    }
  }
}

/** (B, H, W, C) -> (B, T, n n C) with patches of n x n values. */
export class Patches extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const n = this.settings.size;
    const shape = asMaps(x).shape;
    const [B, height, width, C] = shape;
    const y = zeros([B, (height / n) * (width / n), n * n * C], x);
    // y[t] = the values of patch t
    eachValue(shape, n, (to, from) => {
      y.data[to] = x.data[from];
    });
    return [y, { shape, inputShape: x.shape }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { shape, inputShape }) {
    const dx = zeros(inputShape, dy);
    // dx = dy, each value back in its place
    eachValue(shape, this.settings.size, (to, from) => {
      dx.data[from] = dy.data[to];
    });
    return [dx, []];
  }
}

/** y = x + P */
export class Positions extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [P]) {
    // y = x + P                                      (B, T, D) + (T, D) -> (B, T, D)
    return [mapRows((x, P) => x + P, x, P), P.shape];
  }

  /**
   * @param {NDArray} dy
   * @param {number[]} shape
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, shape) {
    // dx = dy,   dP = sum_B dy                       (B, T, D) -> (T, D)
    const dP = sumRows(reshape(dy, [dy.length, dy.size / dy.length]));
    return [map((dy) => dy, dy), [reshape(dP, shape)]];
  }
}

implement("Patches", Patches);
implement("Positions", Positions);
