/** The common part of the recurrences; elman.js, lstm.js and gru.js are the layers. */

import { reshape, setStep, sizeOf, steps, zeros } from "./arrays.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/**
 * Extend the gradient of the last state to all T states, with zeros for the others: (B, H) -> (B, T, H).
 * @param {NDArray} dy
 * @param {number} T
 */
export function atLastStep(dy, T) {
  const dys = zeros([dy.length, T, dy.shape[1]], dy);
  setStep(dys, T - 1, dy);
  return dys;
}

/**
 * All states after the first, or only the last one, of h (B, T + 1, H).
 * @param {NDArray} h
 * @param {boolean} every
 */
export function output(h, every) {
  const [B, T, H] = h.shape;
  return every ? steps(h, 1, T) : reshape(steps(h, T - 1, T), [B, H]);
}

/**
 * (B, T, D) -> (B T, D): the steps of all sequences as rows.
 * @param {NDArray} x
 */
export function rows(x) {
  const D = x.shape[x.shape.length - 1];
  return reshape(x, [sizeOf(x.shape) / D, D]);
}
