/**
 * Multi-head self-attention: forward, and the backward pass derived from it.
 *
 * Each step of a sequence has a query q, a key k and a value v; it receives the values of all steps, weighted by how
 * well their keys fit its query. For each head, with d = D / heads columns of each of q, k, v:
 *
 *     q, k, v = x W_qkv + b_qkv                           (T, d) each
 *     S = q k^T / sqrt(d)          A = softmax(S)         (T, T), the rows of A sum to one
 *     Z = A v                      y = [Z of all heads] W_o + b_o
 *
 * The backward pass, from the last line to the first, is that of the products, C = A B: dA = dC B^T, dB = A^T dC:
 *
 *     dZ = dy W_o^T                dW_o = Z^T dy          db_o = sum dy
 *     dA = dZ v^T                  dv = A^T dZ
 *     dS = A (dA - sum_u dA A)
 *     dq = dS k / sqrt(d)          dk = dS^T q / sqrt(d)
 *     dx = d(q, k, v) W_qkv^T      dW_qkv = x^T d(q, k, v)            db_qkv = sum d(q, k, v)
 *
 * The third line is softmax's: dA_u / dS_w = A_u ([u = w] - A_w), so dS_w = A_w (dA_w - sum_u dA_u A_u).
 *
 * Twins: by_numpy/attention.py, by_tensor/attention.py, by_torch/attention.py. Vaswani et al. (2017).
 */

import {
  T as transpose,
  map,
  mapColumns,
  matmul,
  maxColumns,
  plusRow,
  sumColumns,
  sumRows,
  zeros,
} from "./arrays.js";
import { Layer, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/**
 * exp(S) / sum exp(S) of every row, of S - max S, which is the same and cannot overflow.
 * @param {NDArray} S
 */
export function softmax(S) {
  const e = mapColumns((S, max) => Math.exp(S - max), S, maxColumns(S));
  return mapColumns((e, sum) => e / sum, e, sumColumns(e));
}

/**
 * A block of the columns of one sequence: (B, T, width) -> (T, d), from column `first` on.
 * @param {NDArray} x
 * @param {number} b
 * @param {number} first
 * @param {number} d
 */
function block(x, b, first, d) {
  const [, T, width] = x.shape;
  const y = zeros([T, d], x);
  for (let t = 0; t < T; t++) {
    const from = (b * T + t) * width + first;
    for (let j = 0; j < d; j++) y.data[t * d + j] = x.data[from + j];
  }
  return y;
}

/**
 * Write such a block back.
 * @param {NDArray} x
 * @param {number} b
 * @param {number} first
 * @param {NDArray} value
 */
function setBlock(x, b, first, value) {
  const [, T, width] = x.shape;
  const d = value.shape[1];
  for (let t = 0; t < T; t++) {
    const to = (b * T + t) * width + first;
    for (let j = 0; j < d; j++) x.data[to + j] = value.data[t * d + j];
  }
}

/** y = [softmax(q k^T / sqrt(d)) v of all heads] W_o + b_o */
export class Attention extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [W_qkv, b_qkv, W_o, b_o]) {
    const { heads } = this.settings;
    const [B, , D] = x.shape;
    const d = D / heads;
    const scale = Math.sqrt(d);
    // q, k, v = x W_qkv + b_qkv                      (B, T, D) (D, 3 D) -> (B, T, 3 D)
    const qkv = plusRow(matmul(x, W_qkv), b_qkv);
    const Z = zeros(x.shape, x);
    const cached = [];
    for (let b = 0; b < B; b++) {
      for (let head = 0; head < heads; head++) {
        const [q, k, v] = [0, D, 2 * D].map((start) => block(qkv, b, start + head * d, d));
        // A = softmax(q k^T / sqrt(d))               (T, d) (d, T) -> (T, T)
        const S = map((S) => S / scale, matmul(q, transpose(k)));
        const A = softmax(S);
        // Z = A v                                    (T, T) (T, d) -> (T, d), the heads side by side
        setBlock(Z, b, head * d, matmul(A, v));
        cached.push({ b, head, q, k, v, A });
      }
    }
    // y = Z W_o + b_o                                (B, T, D) (D, D) -> (B, T, D)
    const y = plusRow(matmul(Z, W_o), b_o);
    return [y, { x, cached, Z, W_qkv, W_o }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { x, cached, Z, W_qkv, W_o }) {
    const { heads } = this.settings;
    const [B, T, D] = x.shape;
    const d = D / heads;
    const scale = Math.sqrt(d);
    // dW_o = Z^T dy,   db_o = sum dy                 (D, B T) (B T, D) -> (D, D)
    const [dW_o, db_o] = [matmul(transpose(Z), dy), sumRows(dy)];
    // dZ = dy W_o^T                                  (B, T, D) (D, D) -> (B, T, D)
    const dZs = matmul(dy, transpose(W_o));
    const dqkv = zeros([B, T, 3 * D], x);
    for (const { b, head, q, k, v, A } of cached) {
      const dZ = block(dZs, b, head * d, d);
      // dA = dZ v^T,   dv = A^T dZ
      const [dA, dv] = [matmul(dZ, transpose(v)), matmul(transpose(A), dZ)];
      // dS = A (dA - sum_u dA A)
      const sums = sumColumns(map((dA, A) => dA * A, dA, A));
      const dS = map((A, bracket) => A * bracket, A, mapColumns((dA, sum) => dA - sum, dA, sums));
      // dq = dS k / sqrt(d),   dk = dS^T q / sqrt(d)
      const dq = map((dq) => dq / scale, matmul(dS, k));
      const dk = map((dk) => dk / scale, matmul(transpose(dS), q));
      setBlock(dqkv, b, head * d, dq);
      setBlock(dqkv, b, D + head * d, dk);
      setBlock(dqkv, b, 2 * D + head * d, dv);
    }
    // dW_qkv = x^T d(q, k, v),   db_qkv = sum d(q, k, v)
    const [dW_qkv, db_qkv] = [matmul(transpose(x), dqkv), sumRows(dqkv)];
    // dx = d(q, k, v) W_qkv^T
    const dx = matmul(dqkv, transpose(W_qkv));
    return [dx, [dW_qkv, db_qkv, dW_o, db_o]];
  }
}

implement("Attention", Attention);
