/**
 * Arrays of numbers of any shape, and the few operations on them that the layers are written in.
 *
 * JavaScript has no `x @ W + b`. Here it is `plusRow(matmul(x, W), b)`, and `x.T @ dy` is `matmul(T(x), dy)`. What is
 * computed entry by entry is written as the equation itself:
 *
 *     map((dy, y) => dy * y * (1 - y), dy, y)
 *
 * The products are in kernels.js, arranged for the machine. Operations return new arrays, and so does every layer.
 */

import { allocate, multiply } from "./kernels.js";

/** @typedef {Float32Array | Float64Array} Data  The numbers, row by row; their kind is the network's precision. */

/** Numbers of one kind, and the shape that they have. */
export class NDArray {
  /**
   * @param {Data} data
   * @param {number[]} shape
   */
  constructor(data, shape) {
    this.data = data;
    this.shape = shape;
  }

  /** How many numbers. */
  get size() {
    return this.data.length;
  }

  /** The first axis' length: B, of a batch. */
  get length() {
    return this.shape[0];
  }
}

/** A matrix to be read by columns: `T(x)`. Only `matmul` takes it. */
class Transposed {
  /** @param {NDArray} of */
  constructor(of) {
    this.of = of;
  }
}

/**
 * The product of a shape.
 * @param {number[]} shape
 */
export function sizeOf(shape) {
  return shape.reduce((size, axis) => size * axis, 1);
}

/**
 * Zeros, of the kind of another array.
 * @param {number[]} shape
 * @param {NDArray} like
 */
export function zeros(shape, like) {
  return new NDArray(allocate(sizeOf(shape), like.data instanceof Float64Array), shape);
}

/**
 * The same numbers in another shape: a view.
 * @param {NDArray} x
 * @param {number[]} shape
 */
export function reshape(x, shape) {
  return new NDArray(x.data, shape);
}

/** @param {NDArray} x */
export function copy(x) {
  return new NDArray(x.data.slice(), x.shape);
}

/**
 * The transpose of a matrix `(M, N)`, or of rows of any shape `(..., N)`, as a factor of `matmul`.
 * @param {NDArray} x
 */
export function T(x) {
  return new Transposed(x);
}

/**
 * The product of two matrices. Rows may have any shape: `(..., K) (K, N) -> (..., N)`.
 * @param {NDArray | Transposed} a
 * @param {NDArray | Transposed} b
 */
export function matmul(a, b) {
  const [left, right] = [a instanceof Transposed ? a.of : a, b instanceof Transposed ? b.of : b];
  const [columns, width] = [left.shape[left.shape.length - 1], right.shape[right.shape.length - 1]];
  const [rows, height] = [left.size / columns, right.size / width];
  const [M, K] = a instanceof Transposed ? [columns, rows] : [rows, columns];
  const [inner, N] = b instanceof Transposed ? [width, height] : [height, width];
  if (K !== inner) throw new RangeError(`a product of (${M}, ${K}) and (${inner}, ${N})`);
  const shape = a instanceof Transposed ? [M, N] : [...left.shape.slice(0, -1), N];
  const y = zeros(shape, left);
  multiply(M, N, K, left.data, a instanceof Transposed, right.data, b instanceof Transposed, y.data);
  return y;
}

/**
 * `f` of the entries of arrays of one shape.
 * @param {(...entries: number[]) => number} f
 * @param {NDArray} x
 * @param {NDArray[]} others
 */
export function map(f, x, ...others) {
  const y = zeros(x.shape, x);
  const [out, a, size] = [y.data, x.data, x.size];
  for (const other of others) {
    if (other.size !== size) throw new RangeError(`arrays of ${size} and ${other.size} numbers`);
  }
  const [b, c, d, e] = others.map((other) => other.data);
  // Calls with a list of arguments would be ten times as slow.
  if (others.length === 0) for (let i = 0; i < size; i++) out[i] = f(a[i]);
  else if (others.length === 1) for (let i = 0; i < size; i++) out[i] = f(a[i], b[i]);
  else if (others.length === 2) for (let i = 0; i < size; i++) out[i] = f(a[i], b[i], c[i]);
  else if (others.length === 3) for (let i = 0; i < size; i++) out[i] = f(a[i], b[i], c[i], d[i]);
  else for (let i = 0; i < size; i++) out[i] = f(a[i], b[i], c[i], d[i], e[i]);
  return y;
}

/**
 * `f` of the entries of rows `(..., N)` and of vectors `(N,)`, which every row meets.
 * @param {(...entries: number[]) => number} f
 * @param {NDArray} x
 * @param {NDArray[]} vectors  At most three.
 */
export function mapRows(f, x, ...vectors) {
  const y = zeros(x.shape, x);
  const [out, a, N] = [y.data, x.data, vectors[0].size];
  const [b, c, d] = [vectors[0], vectors[1] ?? vectors[0], vectors[2] ?? vectors[0]].map((vector) => vector.data);
  for (let i = 0; i < a.length; i += N) {
    for (let j = 0; j < N; j++) out[i + j] = f(a[i + j], b[j], c[j], d[j]);
  }
  return y;
}

/**
 * `f` of the entries of rows `(..., N)` and of one number for each row `(...,)`.
 * @param {(...entries: number[]) => number} f
 * @param {NDArray} x
 * @param {NDArray[]} columns  At most three.
 */
export function mapColumns(f, x, ...columns) {
  const y = zeros(x.shape, x);
  const [out, a, N] = [y.data, x.data, x.shape[x.shape.length - 1]];
  const [b, c, d] = [columns[0], columns[1] ?? columns[0], columns[2] ?? columns[0]].map((column) => column.data);
  for (let row = 0, i = 0; i < a.length; row++) {
    for (let j = 0; j < N; j++, i++) out[i] = f(a[i], b[row], c[row], d[row]);
  }
  return y;
}

/**
 * Rows plus a vector: `x + b`.
 * @param {NDArray} x
 * @param {NDArray} b
 */
export function plusRow(x, b) {
  return mapRows((x, b) => x + b, x, b);
}

/**
 * The sum of all rows: `(..., N) -> (N,)`.
 * @param {NDArray} x
 */
export function sumRows(x) {
  const N = x.shape[x.shape.length - 1];
  const sum = new Float64Array(N);
  for (let i = 0; i < x.size; i += N) for (let j = 0; j < N; j++) sum[j] += x.data[i + j];
  const y = zeros([N], x);
  y.data.set(sum);
  return y;
}

/**
 * The mean of all rows: `(..., N) -> (N,)`.
 * @param {NDArray} x
 */
export function meanRows(x) {
  const rows = x.size / x.shape[x.shape.length - 1];
  return map((sum) => sum / rows, sumRows(x));
}

/**
 * The sum of every row: `(..., N) -> (...,)`.
 * @param {NDArray} x
 */
export function sumColumns(x) {
  const N = x.shape[x.shape.length - 1];
  const y = zeros(x.shape.slice(0, -1), x);
  for (let row = 0, i = 0; row < y.size; row++) {
    let sum = 0;
    for (let j = 0; j < N; j++, i++) sum += x.data[i];
    y.data[row] = sum;
  }
  return y;
}

/**
 * The mean of every row: `(..., N) -> (...,)`.
 * @param {NDArray} x
 */
export function meanColumns(x) {
  const N = x.shape[x.shape.length - 1];
  return map((sum) => sum / N, sumColumns(x));
}

/**
 * The largest entry of every row: `(..., N) -> (...,)`.
 * @param {NDArray} x
 */
export function maxColumns(x) {
  const N = x.shape[x.shape.length - 1];
  const y = zeros(x.shape.slice(0, -1), x);
  for (let row = 0, i = 0; row < y.size; row++) {
    let most = -Infinity;
    for (let j = 0; j < N; j++, i++) most = Math.max(most, x.data[i]);
    y.data[row] = most;
  }
  return y;
}

/**
 * Step t of sequences: `(B, T, D) -> (B, D)`, a copy.
 * @param {NDArray} x
 * @param {number} t
 */
export function step(x, t) {
  const [B, steps, D] = x.shape;
  const y = zeros([B, D], x);
  for (let b = 0, from = t * D; b < B; b++, from += steps * D) y.data.set(x.data.subarray(from, from + D), b * D);
  return y;
}

/**
 * Write step t of sequences `(B, T, D)`, in place.
 * @param {NDArray} x
 * @param {number} t
 * @param {NDArray} value  `(B, D)`.
 */
export function setStep(x, t, value) {
  const [B, steps, D] = x.shape;
  for (let b = 0, to = t * D; b < B; b++, to += steps * D) x.data.set(value.data.subarray(b * D, (b + 1) * D), to);
}

/**
 * Steps `from` to `to`, without `to`, of sequences: a copy.
 * @param {NDArray} x
 * @param {number} from
 * @param {number} to
 */
export function steps(x, from, to) {
  const [B, T, D] = x.shape;
  const y = zeros([B, to - from, D], x);
  for (let b = 0; b < B; b++) {
    y.data.set(x.data.subarray((b * T + from) * D, (b * T + to) * D), b * (to - from) * D);
  }
  return y;
}

/**
 * Sequences with their steps in reverse: a copy.
 * @param {NDArray} x  `(B, T, D)`.
 */
export function reversed(x) {
  const [, T] = x.shape;
  const y = zeros(x.shape, x);
  for (let t = 0; t < T; t++) setStep(y, t, step(x, T - 1 - t));
  return y;
}

/**
 * Equal blocks of the columns of rows: `(..., n N) -> n times (..., N)`, copies.
 * @param {NDArray} x
 * @param {number} n
 */
export function split(x, n) {
  const width = x.shape[x.shape.length - 1];
  const N = width / n;
  return Array.from({ length: n }, (_, block) => {
    const y = zeros([...x.shape.slice(0, -1), N], x);
    for (let from = block * N, to = 0; to < y.size; from += width, to += N) {
      for (let j = 0; j < N; j++) y.data[to + j] = x.data[from + j];
    }
    return y;
  });
}

/**
 * Rows side by side: the inverse of `split`, of blocks of any width.
 * @param {NDArray[]} blocks
 */
export function concat(...blocks) {
  const widths = blocks.map((block) => block.shape[block.shape.length - 1]);
  const width = widths.reduce((sum, one) => sum + one, 0);
  const y = zeros([...blocks[0].shape.slice(0, -1), width], blocks[0]);
  let start = 0;
  blocks.forEach((block, index) => {
    const N = widths[index];
    for (let to = start, from = 0; from < block.size; from += N, to += width) {
      for (let j = 0; j < N; j++) y.data[to + j] = block.data[from + j];
    }
    start += N;
  });
  return y;
}
