/**
 * Convolution: forward, and the backward pass derived from it.
 *
 * With kernels W (k, k, C, O), stride s and padding p, and x zero outside its edges (a cross-correlation, as the field
 * calls convolution):
 *
 *     y[h, w]  = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b
 *     db       = sum_hw dy[h, w]
 *     dW[i, j] = sum_hw x[s h + i - p, s w + j - p]^T dy[h, w]
 *     dx[u, v] = sum of dy[h, w] W[i, j]^T      over all i, j, h, w with u = s h + i - p and v = s w + j - p
 *
 * The window under the kernel at output (h, w), written as one row of a matrix P, turns the first line into a single
 * product (Chellapilla et al., 2006), whose backward pass is that of a linear layer:
 *
 *     y = P W + b          dW = P^T dy          dP = dy W^T
 *
 * and since P holds each pixel once for every window that it is in, dx adds up its copies in dP.
 *
 * Twins: by_numpy/convolution.py, by_tensor/convolution.py, by_torch/convolution.py. LeCun et al. (1989).
 */

import { T, matmul, plusRow, reshape, sumRows, zeros } from "./arrays.js";
import { Layer, implement } from "./layer.js";

/** @typedef {import("./arrays.js").NDArray} NDArray */

/**
 * View pictures (B, H, W) as maps of one channel (B, H, W, 1); maps (B, H, W, C) stay as they are.
 * @param {NDArray} x
 */
export function asMaps(x) {
  return x.shape.length === 4 ? x : reshape(x, [...x.shape, 1]);
}

/**
 * Call `found(at, from, values)` for every piece of a row of pixels under a kernel: `values` neighbours, at `from` in x
 * and at `at` in P. What lies outside the edges of x is left out.
 * @param {number[]} shape  Of x, `(B, H, W, C)`.
 * @param {{ kernel: number, stride: number, padding: number }} settings
 * @param {(at: number, from: number, values: number) => void} found
 */
function eachPiece([B, height, width, C], { kernel: k, stride: s, padding: p }, found) {
  const [down, across] = [height, width].map((side) => Math.floor((side + 2 * p - k) / s) + 1);
  for (let b = 0, at = 0; b < B; b++) {
    for (let h = 0; h < down; h++) {
      for (let w = 0; w < across; w++) {
        const v = s * w - p;
        // The columns j of the kernel with 0 <= v + j < W
        const first = Math.max(0, -v);
        const values = (Math.min(k, width - v) - first) * C;
        for (let i = 0; i < k; i++, at += k * C) {
          const u = s * h + i - p;
          if (u >= 0 && u < height && values > 0) {
            found(at + first * C, ((b * height + u) * width + v + first) * C, values);
          }
        }
      }
    }
  }
}

/** y[h, w] = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b */
export class Conv2d extends Layer {
  /**
   * @param {NDArray} x
   * @param {NDArray[]} parameters
   * @returns {[NDArray, any]}
   */
  forward(x, [W, b]) {
    const [k, , C, O] = W.shape;
    const { stride: s, padding: p } = this.settings;
    const maps = asMaps(x);
    const [B, height, width] = maps.shape;
    const [down, across] = [height, width].map((side) => Math.floor((side + 2 * p - k) / s) + 1);
    // P[h, w, i, j] = x[s h + i - p, s w + j - p]    (B, H, W, C) -> (B H' W', k k C)
    const P = zeros([B * down * across, k * k * C], x);
    eachPiece(maps.shape, this.settings, (at, from, values) => {
      for (let i = 0; i < values; i++) P.data[at + i] = maps.data[from + i];
    });
    // y = P W + b                                    (B H' W', k k C) (k k C, O) -> (B H' W', O)
    const y = plusRow(matmul(P, reshape(W, [k * k * C, O])), b);
    return [reshape(y, [B, down, across, O]), { P, W, shape: x.shape, mapsShape: maps.shape }];
  }

  /**
   * @param {NDArray} dy
   * @param {any} cache
   * @returns {[NDArray, NDArray[]]}
   */
  backward(dy, { P, W, shape, mapsShape }) {
    const [k, , C, O] = W.shape;
    dy = reshape(dy, [P.length, O]);
    // db = sum dy                                    (B H' W', O) -> (O,)
    const db = sumRows(dy);
    // dW = P^T dy                                    (k k C, B H' W') (B H' W', O) -> (k k C, O)
    const dW = reshape(matmul(T(P), dy), W.shape);
    // dP = dy W^T                                    (B H' W', O) (O, k k C) -> (B H' W', k k C)
    const dP = matmul(dy, T(reshape(W, [k * k * C, O])));
    // dx[s h + i - p, s w + j - p] += dP[h, w, i, j]
    const dx = zeros(mapsShape, dy);
    eachPiece(mapsShape, this.settings, (at, from, values) => {
      for (let i = 0; i < values; i++) dx.data[from + i] += dP.data[at + i];
    });
    return [reshape(dx, shape), [dW, db]];
  }
}

implement("Conv2d", Conv2d);
