/**
 * Batch and layer normalization: forward, and the backward pass derived from it.
 *
 * Batch normalization takes each channel, with N = B values of rows or B H W of maps; layer normalization each row, with
 * N = D values:
 *
 *     mu = mean x      var = mean (x - mu)^2      r = 1 / sqrt(var + epsilon)
 *     u  = (x - mu) r
 *     y  = gamma u + beta
 *
 *     dbeta  = sum dy
 *     dgamma = sum dy u
 *     dx     = gamma r (dy - mean dy - u mean(dy u))
 *
 * The last line is the chain rule through mu and var as well. A shift or a stretch of the N values does not change u, so
 * the components of dy along 1 and along u are removed. gamma and beta belong to the channels: of a row, where each value
 * has its own, gamma stands inside the means, dx = r (gamma dy - mean(gamma dy) - u mean(gamma dy u)). When reading,
 * batch normalization's mu and var are the running averages, which training updates in place: the only side effect of a
 * layer.
 *
 * Twins: by_numpy/normalization.py, by_tensor/normalization.py, by_torch/normalization.py. Ioffe & Szegedy (2015), Ba,
 * Kiros & Hinton (2016).
 */

import { map, mapColumns, mapRows, meanColumns, meanRows, reshape, sumRows } from "./arrays.js";
import { asMaps } from "./convolution.js";
import { Layer, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */
/** @typedef {import("./layer.js").Mode} Mode */

/** y = gamma (x - mu) / sqrt(var + epsilon) + beta, mu and var over all axes but the last. */
export class BatchNorm1d extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @param {Mode} mode
   * @returns {[NDArray, any]}
   */
  forward(x, [gamma, beta, running_mean, running_var], mode) {
    const { momentum, epsilon } = this.settings;
    let [mu, variance] = [running_mean, running_var];
    if (mode.training) {
      const N = x.size / gamma.size;
      mu = meanRows(x);
      variance = meanRows(mapRows((x, mu) => (x - mu) ** 2, x, mu));
      // running <- running + momentum (batch - running), with the unbiased variance N / (N - 1) var
      const unbiased = N / Math.max(1, N - 1);
      running_mean.data.set(map((running, mu) => running + momentum * (mu - running), running_mean, mu).data);
      running_var.data.set(map((running, v) => running + momentum * (unbiased * v - running), running_var, variance).data);
    }
    // u = (x - mu) r,   r = 1 / sqrt(var + epsilon)
    const r = map((v) => 1 / Math.sqrt(v + epsilon), variance);
    const u = mapRows((x, mu, r) => (x - mu) * r, x, mu, r);
    // y = gamma u + beta
    const y = mapRows((u, gamma, beta) => gamma * u + beta, u, gamma, beta);
    return [y, { u, r, gamma }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { u, r, gamma }) {
    // dbeta = sum dy,   dgamma = sum dy u
    const dy_u = map((dy, u) => dy * u, dy, u);
    const [dbeta, dgamma] = [sumRows(dy), sumRows(dy_u)];
    // dx = gamma r (dy - mean dy - u mean(dy u))
    const along_1 = mapRows((dy, mean) => dy - mean, dy, meanRows(dy));
    const along_u = mapRows((u, mean) => u * mean, u, meanRows(dy_u));
    const left = map((one, other) => one - other, along_1, along_u);
    const dx = mapRows((left, gamma, r) => gamma * r * left, left, gamma, r);
    return [dx, [dgamma, dbeta]];
  }
}

/** The same over batch and positions: of maps (B, H, W, C) those are all axes but the last, too. */
export class BatchNorm2d extends BatchNorm1d {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @param {Mode} mode
   * @returns {[NDArray, any]}
   */
  forward(x, parameters, mode) {
    const [y, cache] = super.forward(asMaps(x), parameters, mode);
    return [y, { cache, shape: x.shape }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { cache, shape }) {
    const [dx, gradients] = super.backward(dy, cache);
    return [reshape(dx, shape), gradients];
  }
}

/** y = gamma (x - mu) / sqrt(var + epsilon) + beta, mu and var over the last axis. */
export class LayerNorm extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [gamma, beta]) {
    const { epsilon } = this.settings;
    const mu = meanColumns(x);
    const variance = meanColumns(mapColumns((x, mu) => (x - mu) ** 2, x, mu));
    // u = (x - mu) r,   r = 1 / sqrt(var + epsilon)  (B, ..., D), and r one number a row
    const r = map((v) => 1 / Math.sqrt(v + epsilon), variance);
    const u = mapColumns((x, mu, r) => (x - mu) * r, x, mu, r);
    // y = gamma u + beta
    const y = mapRows((u, gamma, beta) => gamma * u + beta, u, gamma, beta);
    return [y, { u, r, gamma }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { u, r, gamma }) {
    // dbeta = sum dy,   dgamma = sum dy u            sums over all rows
    const [dbeta, dgamma] = [sumRows(dy), sumRows(map((dy, u) => dy * u, dy, u))];
    // dx = r (gamma dy - mean(gamma dy) - u mean(gamma dy u))
    const du = mapRows((dy, gamma) => gamma * dy, dy, gamma);
    const along_1 = mapColumns((du, mean) => du - mean, du, meanColumns(du));
    const along_u = mapColumns((u, mean) => u * mean, u, meanColumns(map((du, u) => du * u, du, u)));
    const left = map((one, other) => one - other, along_1, along_u);
    const dx = mapColumns((left, r) => r * left, left, r);
    return [dx, [dgamma, dbeta]];
  }
}

implement("BatchNorm1d", BatchNorm1d);
implement("BatchNorm2d", BatchNorm2d);
implement("LayerNorm", LayerNorm);
