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
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis];
  return size;
}

/**
 * Zeros, of the kind of another array.
 * @param {number[]} shape
 * @param {NDArray} like
 */
export function zeros(shape, like) {
  return new NDArray(allocate(sizeOf(shape), like.data instanceof Float64Array, true), shape);
}

/**
 * Numbers that will all be written, of the kind of another array.
 * @param {number[]} shape
 * @param {NDArray} like
 */
function empty(shape, like) {
  return new NDArray(allocate(sizeOf(shape), like.data instanceof Float64Array, false), shape);
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
  const transposedA = a instanceof Transposed;
  const transposedB = b instanceof Transposed;
  const left = transposedA ? a.of : a;
  const right = transposedB ? b.of : b;
  const columns = left.shape[left.shape.length - 1];
  const width = right.shape[right.shape.length - 1];
  const rows = left.size / columns;
  const height = right.size / width;
  const M = transposedA ? columns : rows;
  const K = transposedA ? rows : columns;
  const N = transposedB ? height : width;
  if (K !== (transposedB ? width : height)) throw new RangeError(`a product of (${left.shape}) and (${right.shape})`);
  const y = zeros(transposedA ? [M, N] : [...left.shape.slice(0, -1), N], left);
  multiply(M, N, K, left.data, transposedA, right.data, transposedB, y.data);
  return y;
}

/**
 * `f` of the entries of arrays of one shape, five at most.
 * @param {(x: number, y: number, z: number, u: number, v: number) => number} f
 * @param {NDArray} x
 * @param {NDArray} [y]
 * @param {NDArray} [z]
 * @param {NDArray} [u]
 * @param {NDArray} [v]
 */
export function map(f, x, y, z, u, v) {
  const result = empty(x.shape, x);
  if (!y) map1(f, result.data, x.data);
  else if (!z) map2(f, result.data, x.data, sameSize(x, y));
  else if (!u) map3(f, result.data, x.data, sameSize(x, y), sameSize(x, z));
  else map5(f, result.data, x.data, sameSize(x, y), sameSize(x, z), sameSize(x, u), v ? sameSize(x, v) : u.data);
  return result;
}

// One short function for each number of arrays: short ones are compiled together with the equation that they are given,
// and a number that is passed to a function that is not has to be stored in an object of its own.

/** @type {(f: any, out: Data, a: Data) => void} */
function map1(f, out, a) {
  for (let i = 0; i < out.length; i++) out[i] = f(a[i]);
}

/** @type {(f: any, out: Data, a: Data, b: Data) => void} */
function map2(f, out, a, b) {
  for (let i = 0; i < out.length; i++) out[i] = f(a[i], b[i]);
}

/** @type {(f: any, out: Data, a: Data, b: Data, c: Data) => void} */
function map3(f, out, a, b, c) {
  for (let i = 0; i < out.length; i++) out[i] = f(a[i], b[i], c[i]);
}

/** @type {(f: any, out: Data, a: Data, b: Data, c: Data, d: Data, e: Data) => void} */
function map5(f, out, a, b, c, d, e) {
  for (let i = 0; i < out.length; i++) out[i] = f(a[i], b[i], c[i], d[i], e[i]);
}

/**
 * The numbers of an array that must be as large as another.
 * @param {NDArray} x
 * @param {NDArray} y
 */
function sameSize(x, y) {
  if (x.size !== y.size) throw new RangeError(`arrays of ${x.size} and ${y.size} numbers`);
  return y.data;
}

/**
 * `f` of the entries of rows `(..., N)` and of vectors `(N,)`, which every row meets.
 * @param {(x: number, y: number, z: number, u: number) => number} f
 * @param {NDArray} x
 * @param {NDArray} y
 * @param {NDArray} [z]
 * @param {NDArray} [u]
 */
export function mapRows(f, x, y, z, u) {
  const result = empty(x.shape, x);
  if (!z) rows1(f, result.data, x.data, y.data);
  else rows3(f, result.data, x.data, y.data, z.data, u ? u.data : z.data);
  return result;
}

/** @type {(f: any, out: Data, a: Data, b: Data) => void} */
function rows1(f, out, a, b) {
  for (let i = 0; i < out.length; ) for (let j = 0; j < b.length; j++, i++) out[i] = f(a[i], b[j]);
}

/** @type {(f: any, out: Data, a: Data, b: Data, c: Data, d: Data) => void} */
function rows3(f, out, a, b, c, d) {
  for (let i = 0; i < out.length; ) for (let j = 0; j < b.length; j++, i++) out[i] = f(a[i], b[j], c[j], d[j]);
}

/**
 * `f` of the entries of rows `(..., N)` and of one number for each row `(...,)`.
 * @param {(x: number, y: number, z: number) => number} f
 * @param {NDArray} x
 * @param {NDArray} y
 * @param {NDArray} [z]
 */
export function mapColumns(f, x, y, z) {
  const result = empty(x.shape, x);
  columns2(f, x.shape[x.shape.length - 1], result.data, x.data, y.data, z ? z.data : y.data);
  return result;
}

/** @type {(f: any, N: number, out: Data, a: Data, b: Data, c: Data) => void} */
function columns2(f, N, out, a, b, c) {
  for (let row = 0, i = 0; i < out.length; row++) for (let j = 0; j < N; j++, i++) out[i] = f(a[i], b[row], c[row]);
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
  const y = empty([N], x);
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
  const y = empty(x.shape.slice(0, -1), x);
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
  const y = empty(x.shape.slice(0, -1), x);
  for (let row = 0, i = 0; row < y.size; row++) {
    let most = -Infinity;
    for (let j = 0; j < N; j++, i++) if (!(x.data[i] <= most)) most = x.data[i];
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
  const y = empty([B, D], x);
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
  const y = empty([B, to - from, D], x);
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
  const y = empty(x.shape, x);
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
    const y = empty([...x.shape.slice(0, -1), N], x);
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
  const y = empty([...blocks[0].shape.slice(0, -1), width], blocks[0]);
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
