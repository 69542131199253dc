/**
 * Long short-term memory.
 *
 * With a = x_t W_xh + b_xh + h_t-1 W_hh + b_hh, whose columns are those of four gates:
 *
 *     i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)        g = tanh(a_g)
 *     c_t = f c_t-1 + i g                                 h_t = o tanh(c_t)
 *
 * Backpropagation through time runs from the last step to the first. The state h_t feeds the output and, through W_hh,
 * step t + 1; the cell c_t feeds h_t and c_t+1. With s = tanh(c_t):
 *
 *     dh = dy_t + da_t+1 W_hh^T                           dc = dc_t+1 f_t+1 + dh o (1 - s^2)
 *     da_i = dc g  i (1 - i)                              da_f = dc c_t-1  f (1 - f)
 *     da_o = dh s  o (1 - o)                              da_g = dc i  (1 - g^2)
 *
 * Only these must be computed step by step; the parameters' gradients and dx are single products over all steps.
 *
 * Twins: by_numpy/lstm.py, by_tensor/lstm.py, by_torch/lstm.py. Hochreiter & Schmidhuber (1997); the forget gate is due
 * to Gers, Schmidhuber & Cummins (2000).
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
import { sigmoid, tanh } from "./dense.js";
import { Layer, implement } from "./layer.js";
import { atLastStep, output, rows } from "./recurrence.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/** c_t = f c_t-1 + i g, h_t = o tanh(c_t), from h_0 = c_0 = 0; gates in the order i, f, o, g. */
export class LSTM extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [W_xh, W_hh, b_xh, b_hh]) {
    const [B, T] = x.shape;
    const H = W_hh.length;
    // The inputs' part of a, for all steps at once       (B, T, D) (D, 4 H) -> (B, T, 4 H)
    const a_x = plusRow(matmul(x, W_xh), map((b_xh, b_hh) => b_xh + b_hh, b_xh, b_hh));
    const h = zeros([B, T + 1, H], x);
    let c = zeros([B, H], x);
    const cached = [];
    for (let t = 0; t < T; t++) {
      // a = x_t W_xh + b_xh + h_t-1 W_hh + b_hh        (B, H) (H, 4 H) -> (B, 4 H)
      const a = map((a_x, h_W) => a_x + h_W, step(a_x, t), matmul(step(h, t), W_hh));
      const [a_i, a_f, a_o, a_g] = split(a, 4);
      // i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)
      const [i, f, o] = [sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)];
      // g = tanh(a_g)
      const g = tanh(a_g);
      // c_t = f c_t-1 + i g
      const c_before = c;
      c = map((f, c, i, g) => f * c + i * g, f, c_before, i, g);
      // h_t = o tanh(c_t)
      const s = tanh(c);
      setStep(h, t + 1, map((o, s) => o * s, o, s));
      cached.push({ i, f, o, g, c_before, s });
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
    const das = zeros([B, T, 4 * H], x);
    let [dh, dc] = [zeros([B, H], x), zeros([B, H], x)];
    for (let t = T - 1; t >= 0; t--) {
      const { i, f, o, g, c_before, s } = cached[t];
      // dh = dy_t + da_t+1 W_hh^T
      dh = map((dy, dh) => dy + dh, step(dys, t), dh);
      // dc = dc_t+1 f_t+1 + dh o (1 - s^2)
      dc = map((dc, dh, o, s) => dc + dh * o * (1 - s ** 2), dc, dh, o, s);
      // da_i = dc g  i (1 - i),   da_f = dc c_t-1  f (1 - f)
      const da_i = map((dc, g, i) => dc * g * i * (1 - i), dc, g, i);
      const da_f = map((dc, c, f) => dc * c * f * (1 - f), dc, c_before, f);
      // da_o = dh s  o (1 - o),   da_g = dc i  (1 - g^2)
      const da_o = map((dh, s, o) => dh * s * o * (1 - o), dh, s, o);
      const da_g = map((dc, i, g) => dc * i * (1 - g ** 2), dc, i, g);
      const da = concat(da_i, da_f, da_o, da_g);
      setStep(das, t, da);
      // Passed to step t - 1: da_t W_hh^T and dc_t f_t
      dh = matmul(da, transpose(W_hh));
      dc = map((dc, f) => dc * f, dc, f);
    }
    const da = rows(das);
    // dW_xh = sum_t x_t^T da_t                           (D, B T) (B T, 4 H) -> (D, 4 H)
    const dW_xh = matmul(transpose(rows(x)), da);
    // dW_hh = sum_t h_t-1^T da_t                         (H, B T) (B T, 4 H) -> (H, 4 H)
    const dW_hh = matmul(transpose(rows(steps(h, 0, T))), da);
    // db_xh = db_hh = sum_t da_t
    const db = sumRows(da);
    // dx_t = da_t W_xh^T                                 (B T, 4 H) (4 H, D) -> (B T, D)
    const dx = reshape(matmul(da, transpose(W_xh)), x.shape);
    return [dx, [dW_xh, dW_hh, db, db]];
  }
}

implement("lstm", LSTM);
