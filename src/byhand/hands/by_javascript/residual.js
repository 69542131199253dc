/**
 * A residual connection: forward, and the backward pass derived from it.
 *
 * A branch F is added to its own input. Its derivative is the identity plus that of the branch, so a gradient reaches
 * the layers below undiminished however many branches are passed, which is why networks of hundreds of layers learn:
 *
 *     y  = x + F(x)
 *     dx = dy + F'(x)^T dy
 *
 * Twins: by_numpy/residual.py, by_tensor/residual.py, by_torch/residual.py. He et al. (2016).
 */

import { map } from "./arrays.js";
import { Container, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */
/** @typedef {import("./layer.js").Mode} Mode */

/** y = x + F(x) */
export class Residual extends Container {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @param {Mode} mode
   * @returns {[NDArray, any]}
   */
  forward(x, parameters, mode) {
    const [F, cache] = this.branch(0, x, parameters, mode);
    // y = x + F(x)
    return [map((x, F) => x + F, x, F), cache];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, cache) {
    const [dx, gradients] = this.branchBackward(0, dy, cache);
    // dx = dy + F'(x)^T dy
    return [map((dy, dx) => dy + dx, dy, dx), gradients];
  }
}

implement("Residual", Residual);
