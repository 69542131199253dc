/**
 * Elman's network: a layer of tanh units that reads its own last output.
 *
 *     h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h)
 *
 * Backpropagation through time (Werbos, 1990) runs from the last step to the first. The state of step t feeds the output
 * and, through W_hh, step t + 1:
 *
 *     dh_t   = dy_t + da_t+1 W_hh^T                       da_t   = dh_t (1 - h_t^2)
 *     dW_xh  = sum_t x_t^T da_t                           dW_hh  = sum_t h_t-1^T da_t
 *     db_h   = sum_t da_t                                 dx_t   = da_t W_xh^T
 *
 * Only dh must be computed step by step; the rest are single products over all steps.
 *
 * Twins: by_numpy/elman.py, by_tensor/elman.py, by_torch/elman.py. Elman (1990).
 */

import { T as transpose, map, matmul, plusRow, reshape, setStep, step, steps, sumRows, zeros } from "./arrays.js";
import { Layer, implement } from "./layer.js";
import { atLastStep, output, rows } from "./recurrence.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/** h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h), from h_0 = 0. */
export class Elman extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [W_xh, W_hh, b_h]) {
    const [B, T] = x.shape;
    const H = W_hh.length;
    // The inputs' part of a, for all steps at once       (B, T, D) (D, H) -> (B, T, H)
    const a_x = plusRow(matmul(x, W_xh), b_h);
    const h = zeros([B, T + 1, H], x);
    for (let t = 0; t < T; t++) {
      // h_t = tanh(x_t W_xh + b_h + h_t-1 W_hh)        (B, H) (H, H) -> (B, H)
      const a = map((a_x, h_W) => a_x + h_W, step(a_x, t), matmul(step(h, t), W_hh));
      setStep(h, t + 1, map(Math.tanh, a));
    }
    return [output(h, this.settings.every), { x, h, W_xh, W_hh }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { x, h, W_xh, W_hh }) {
    const [B, T] = x.shape;
    const H = W_hh.length;
    const dys = this.settings.every ? dy : atLastStep(dy, T);
    const das = zeros([B, T, H], x);
    let dh = zeros([B, H], x);
    for (let t = T - 1; t >= 0; t--) {
      // dh_t = dy_t + da_t+1 W_hh^T
      dh = map((dy, dh) => dy + dh, step(dys, t), dh);
      // da_t = dh_t (1 - h_t^2)
      const da = map((dh, h) => dh * (1 - h ** 2), dh, step(h, t + 1));
      setStep(das, t, da);
      // Passed to step t - 1: da_t W_hh^T              (B, H) (H, H) -> (B, H)
      dh = matmul(da, transpose(W_hh));
    }
    const da = rows(das);
    // dW_xh = sum_t x_t^T da_t                           (D, B T) (B T, H) -> (D, H)
    const dW_xh = matmul(transpose(rows(x)), da);
    // dW_hh = sum_t h_t-1^T da_t                         (H, B T) (B T, H) -> (H, H)
    const dW_hh = matmul(transpose(rows(steps(h, 0, T))), da);
    // db_h = sum_t da_t
    const db_h = sumRows(da);
    // dx_t = da_t W_xh^T                                 (B T, H) (H, D) -> (B T, D)
    const dx = reshape(matmul(da, transpose(W_xh)), x.shape);
    return [dx, [dW_xh, dW_hh, db_h]];
  }
}

implement("elman", Elman);
