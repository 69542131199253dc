/**
 * A bidirectional recurrence: forward, and the backward pass derived from it.
 *
 * Two copies of a layer, each with its own parameters, read the sequence x_1 .. x_T: F from its first step to its last,
 * G from its last to its first. With R, which reverses the order of steps, and is its own transpose:
 *
 *     y  = [F(x), R G(R x)]          side by side, and without the outer R if only the last state leaves
 *     dx = F'^T dy_F + R G'^T R dy_G
 *
 * So every step of the output knows what comes before it and what comes after it.
 *
 * Twins: by_numpy/bidirectional.py, by_tensor/bidirectional.py, by_torch/bidirectional.py. Schuster & Paliwal (1997).
 */

import { concat, map, reversed, split } from "./arrays.js";
import { Container, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */
/** @typedef {import("./layer.js").Mode} Mode */

/**
 * Reverse the order of the steps of (B, T, H); a single state (B, H) stays as it is.
 * @param {NDArray} y
 */
function reversedSteps(y) {
  return y.shape.length === 3 ? reversed(y) : y;
}

/** y = [F(x), R G(R x)] */
export class Bidirectional extends Container {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @param {Mode} mode
   * @returns {[NDArray, any]}
   */
  forward(x, parameters, mode) {
    const [F, F_cache] = this.branch(0, x, parameters, mode);
    const [G, G_cache] = this.branch(1, reversed(x), parameters, mode);
    // y = [F(x), R G(R x)]                           (B, T, H), (B, T, H) -> (B, T, 2 H)
    return [concat(F, reversedSteps(G)), { F_cache, G_cache }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { F_cache, G_cache }) {
    const [dF, dG] = split(dy, 2);
    const [dx_F, F_gradients] = this.branchBackward(0, dF, F_cache);
    const [dx_G, G_gradients] = this.branchBackward(1, reversedSteps(dG), G_cache);
    // dx = F'^T dy_F + R G'^T R dy_G
    const dx = map((dx_F, dx_G) => dx_F + dx_G, dx_F, reversed(dx_G));
    return [dx, [...F_gradients, ...G_gradients]];
  }
}

implement("Bidirectional", Bidirectional);
