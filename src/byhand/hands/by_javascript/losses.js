/**
 * Losses of logits z (B, K) and their gradients.
 *
 * Twins: by_numpy/losses.py, by_tensor/losses.py, by_torch/losses.py.
 */

import { map, mapColumns, maxColumns, sumColumns, zeros } from "./arrays.js";
import { sigmoid } from "./dense.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */
/** @typedef {(z: NDArray, labels: ArrayLike<number>, smoothing: number) => [number, NDArray]} Loss */

/**
 * t = (1 - s) onehot + s / K, as (B, K).
 * @param {NDArray} z
 * @param {ArrayLike<number>} labels
 * @param {number} smoothing
 */
export function targets(z, labels, smoothing) {
  const [B, K] = z.shape;
  const t = zeros([B, K], z);
  t.data.fill(smoothing / K);
  for (let b = 0; b < B; b++) t.data[b * K + labels[b]] += 1 - smoothing;
  return t;
}

/**
 * The mean over the batch of sums over classes.
 * @param {NDArray} losses
 */
function meanOf(losses) {
  let sum = 0;
  for (const loss of losses.data) sum += loss;
  return sum / losses.length;
}

/**
 * Mean cross-entropy of the softmax of logits (B, K), and its gradient.
 * @type {Loss}
 */
export function softmaxCrossEntropy(z, labels, smoothing) {
  const B = z.length;
  const t = targets(z, labels, smoothing);
  // softmax(z) = softmax(z - max z), and exp of numbers up to 0 cannot overflow.
  z = mapColumns((z, max) => z - max, z, maxColumns(z));
  const logsumexp = map(Math.log, sumColumns(map(Math.exp, z)));
  // L = mean_B( logsumexp(z) - sum_K t z ), where sum_K t = 1
  const log_p = mapColumns((z, logsumexp) => z - logsumexp, z, logsumexp);
  const loss = meanOf(map((t, log_p) => -t * log_p, t, log_p));
  // dz = (softmax(z) - t) / B
  return [loss, map((log_p, t) => (Math.exp(log_p) - t) / B, log_p, t)];
}

/**
 * Cross-entropies of K sigmoids, summed over classes, mean over the batch, and its gradient.
 * @type {Loss}
 */
export function sigmoidCrossEntropy(z, labels, smoothing) {
  const B = z.length;
  const t = targets(z, labels, smoothing);
  // L = mean_B( sum_K log(1 + exp(z)) - t z ), where log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|))
  const loss = meanOf(map((z, t) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - t * z, z, t));
  // dz = (sigma(z) - t) / B
  return [loss, map((s, t) => (s - t) / B, sigmoid(z), t)];
}

/** @type {Record<string, Loss>} */
export const LOSSES = { softmax: softmaxCrossEntropy, sigmoid: sigmoidCrossEntropy };
