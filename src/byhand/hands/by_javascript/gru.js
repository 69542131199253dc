/**
 * The gated recurrent unit, with the reset gate after the product, as cuDNN and PyTorch have it.
 *
 * With a = x_t W_xh + b_xh and b = h_t-1 W_hh + b_hh, whose columns are those of three gates:
 *
 *     r, z = sigma(a_r + b_r), sigma(a_z + b_z)           n = tanh(a_n + r b_n)
 *     h_t = (1 - z) n + z h_t-1
 *
 * Backpropagation through time runs from the last step to the first. The state h_t feeds the output and, through W_hh
 * and through z, step t + 1:
 *
 *     da_n = dh (1 - z)  (1 - n^2)                        db_n = da_n r
 *     da_r = db_r = da_n b_n  r (1 - r)                   da_z = db_z = dh (h_t-1 - n)  z (1 - z)
 *     dh_t-1 = dy_t-1 + dh z + db W_hh^T
 *
 * Only these must be computed step by step; the parameters' gradients and dx are single products over all steps.
 *
 * Twins: by_numpy/gru.py, by_tensor/gru.py, by_torch/gru.py. Cho et al. (2014).
 */

import {
  T as transpose,
  concat,
  map,
  matmul,
  plusRow,
  reshape,
  setStep,
  split,
  step,
  steps,
  sumRows,
  zeros,
} from "./arrays.js";
import { sigmoid } from "./dense.js";
import { Layer, implement } from "./layer.js";
import { atLastStep, output, rows } from "./recurrence.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

const plus = (/** @type {number} */ a, /** @type {number} */ b) => a + b;

/** h_t = (1 - z) n + z h_t-1, from h_0 = 0; gates in the order r, z, n. */
export class GRU extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [W_xh, W_hh, b_xh, b_hh]) {
    const [B, T] = x.shape;
    const H = W_hh.length;
    // a = x_t W_xh + b_xh, for all steps at once         (B, T, D) (D, 3 H) -> (B, T, 3 H)
    const a = plusRow(matmul(x, W_xh), b_xh);
    const h = zeros([B, T + 1, H], x);
    const cached = [];
    for (let t = 0; t < T; t++) {
      const h_before = step(h, t);
      // b = h_t-1 W_hh + b_hh                          (B, H) (H, 3 H) -> (B, 3 H)
      const b = plusRow(matmul(h_before, W_hh), b_hh);
      const [a_r, a_z, a_n] = split(step(a, t), 3);
      const [b_r, b_z, b_n] = split(b, 3);
      // r, z = sigma(a_r + b_r), sigma(a_z + b_z)
      const [r, z] = [sigmoid(map(plus, a_r, b_r)), sigmoid(map(plus, a_z, b_z))];
      // n = tanh(a_n + r b_n)
      const n = map((a_n, r, b_n) => Math.tanh(a_n + r * b_n), a_n, r, b_n);
      // h_t = (1 - z) n + z h_t-1
      setStep(h, t + 1, map((z, n, h) => (1 - z) * n + z * h, z, n, h_before));
      cached.push({ r, z, n, b_n, h_before });
    }
    return [output(h, this.settings.every), { x, h, cached, W_xh, W_hh }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { x, h, cached, W_xh, W_hh }) {
    const [B, T] = x.shape;
    const H = W_hh.length;
    const dys = this.settings.every ? dy : atLastStep(dy, T);
    const [das, dbs] = [zeros([B, T, 3 * H], x), zeros([B, T, 3 * H], x)];
    let dh = zeros([B, H], x);
    for (let t = T - 1; t >= 0; t--) {
      const { r, z, n, b_n, h_before } = cached[t];
      dh = map(plus, step(dys, t), dh);
      // da_n = dh (1 - z)  (1 - n^2)
      const da_n = map((dh, z, n) => dh * (1 - z) * (1 - n ** 2), dh, z, n);
      // db_n = da_n r
      const db_n = map((da_n, r) => da_n * r, da_n, r);
      // da_r = db_r = da_n b_n  r (1 - r)
      const da_r = map((da_n, b_n, r) => da_n * b_n * r * (1 - r), da_n, b_n, r);
      // da_z = db_z = dh (h_t-1 - n)  z (1 - z)
      const da_z = map((dh, h, n, z) => dh * (h - n) * z * (1 - z), dh, h_before, n, z);
      setStep(das, t, concat(da_r, da_z, da_n));
      const db = concat(da_r, da_z, db_n);
      setStep(dbs, t, db);
      // Passed to step t - 1: dh z + db W_hh^T         (B, 3 H) (3 H, H) -> (B, H)
      dh = map((dh, z, db_W) => dh * z + db_W, dh, z, matmul(db, transpose(W_hh)));
    }
    const [da, db] = [rows(das), rows(dbs)];
    // dW_xh = sum_t x_t^T da_t                           (D, B T) (B T, 3 H) -> (D, 3 H)
    const dW_xh = matmul(transpose(rows(x)), da);
    // dW_hh = sum_t h_t-1^T db_t                         (H, B T) (B T, 3 H) -> (H, 3 H)
    const dW_hh = matmul(transpose(rows(steps(h, 0, T))), db);
    // dx_t = da_t W_xh^T                                 (B T, 3 H) (3 H, D) -> (B T, D)
    const dx = reshape(matmul(da, transpose(W_xh)), x.shape);
    // db_xh = sum_t da_t,   db_hh = sum_t db_t
    return [dx, [dW_xh, dW_hh, sumRows(da), sumRows(db)]];
  }
}

implement("gru", GRU);
