/**
 * Pooling: forward, and the backward pass derived from it.
 *
 * The block of an output is the n x n values under it:
 *
 *     y  = max_v x[v]            v over the block
 *     dx[v] = dy [v is the first with x[v] = y]
 *
 * The mean over all N positions has one derivative for all of them:
 *
 *     y  = sum_v x[v] / N        v over all positions
 *     dx[v] = dy / N
 *
 * Twins: by_numpy/pooling.py, by_tensor/pooling.py, by_torch/pooling.py. Ranzato et al. (2007), Lin et al. (2014). Of
 * several equal values the first gets the gradient, as the library has it.
 */

import { sizeOf, zeros } from "./arrays.js";
import { asMaps } from "./convolution.js";
import { Layer, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/** y = max_v x[v] over every block of n x n values. */
export class MaxPool2d extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const n = this.settings.size;
    const maps = asMaps(x);
    const [B, height, width, C] = maps.shape;
    const [down, across] = [Math.floor(height / n), Math.floor(width / n)];
    const y = zeros([B, down, across, C], x);
    // Where in x each output comes from
    const first = new Int32Array(y.size);
    for (let b = 0, to = 0; b < B; b++) {
      for (let h = 0; h < down; h++) {
        for (let w = 0; w < across; w++) {
          const corner = ((b * height + n * h) * width + n * w) * C;
          for (let c = 0; c < C; c++, to++) {
            // y = max_v x[v]; a later value must be larger
            let [best, at] = [-Infinity, corner + c];
            for (let i = 0; i < n; i++) {
              for (let j = 0; j < n; j++) {
                const v = corner + (i * width + j) * C + c;
                if (maps.data[v] > best) [best, at] = [maps.data[v], v];
              }
            }
            y.data[to] = best;
            first[to] = at;
          }
        }
      }
    }
    return [y, { first, shape: x.shape }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { first, shape }) {
    const dx = zeros(shape, dy);
    // dx[v] = dy [v is the first with x[v] = y]
    for (let i = 0; i < dy.size; i++) dx.data[first[i]] = dy.data[i];
    return [dx, []];
  }
}

/** y = sum_v x[v] / N over all positions of maps (H, W, C), or all steps of a sequence (T, D). */
export class GlobalAveragePool extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const [B, C] = [x.length, x.shape[x.shape.length - 1]];
    const N = sizeOf(x.shape.slice(1, -1));
    const y = zeros([B, C], x);
    for (let b = 0, from = 0; b < B; b++) {
      const sum = new Float64Array(C);
      for (let v = 0; v < N; v++) for (let c = 0; c < C; c++) sum[c] += x.data[from++];
      // y = sum_v x[v] / N
      for (let c = 0; c < C; c++) y.data[b * C + c] = sum[c] / N;
    }
    return [y, x.shape];
  }

  /**
   * @param {NDArray} dy
   * @param {number[]} shape
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, shape) {
    const [B, C] = dy.shape;
    const N = sizeOf(shape.slice(1, -1));
    const dx = zeros(shape, dy);
    for (let b = 0, to = 0; b < B; b++) {
      // dx[v] = dy / N
      for (let v = 0; v < N; v++) for (let c = 0; c < C; c++) dx.data[to++] = dy.data[b * C + c] / N;
    }
    return [dx, []];
  }
}

implement("GlobalAveragePool", GlobalAveragePool);
implement("MaxPool2d", MaxPool2d);
