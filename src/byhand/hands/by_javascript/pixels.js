/**
 * From pixels to numbers: standardize, flatten, select.
 *
 * Twins: by_numpy/pixels.py, by_tensor/pixels.py, by_torch/pixels.py.
 */

import { map, reshape, sizeOf, zeros } from "./arrays.js";
import { Layer, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/** y = (x / 255 - mean) / std */
export class Standardize extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const { mean, std } = this.settings;
    return [map((x) => (x / 255 - mean) / std, x), null];
  }

  /**
   * @param {NDArray} dy
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy) {
    const { std } = this.settings;
    // dx = dy / (255 std)
    return [map((dy) => dy / (255 * std), dy), []];
  }
}

/** (B, H, W, C) -> (B, H W C): the same values in one row. */
export class Flatten extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    return [reshape(x, [x.length, sizeOf(x.shape.slice(1))]), x.shape];
  }

  /**
   * @param {NDArray} dy
   * @param {number[]} shape
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, shape) {
    return [reshape(dy, shape), []];
  }
}

/** y = x[:, indices]; the values left out get no gradient. */
export class Select extends Layer {
  /**
   * @param {NDArray} x
   * @returns {[NDArray, any]}
   */
  forward(x) {
    const { indices } = this.settings;
    const [B, D] = x.shape;
    const y = zeros([B, indices.length], x);
    for (let b = 0, i = 0; b < B; b++) for (const index of indices) y.data[i++] = x.data[b * D + index];
    return [y, x.shape];
  }

  /**
   * @param {NDArray} dy
   * @param {number[]} shape
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, shape) {
    const [B, D] = shape;
    const dx = zeros(shape, dy);
    for (let b = 0, i = 0; b < B; b++) for (const index of this.settings.indices) dx.data[b * D + index] = dy.data[i++];
    return [dx, []];
  }
}

implement("Standardize", Standardize);
implement("Flatten", Flatten);
implement("Select", Select);
