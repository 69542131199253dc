/**
 * Memory, and the product of two matrices, arranged for the machine. Nothing here is needed to understand a layer.
 *
 * A product of M x K x N multiplications reads every number N or M times; most of the work is to have it at hand. Blocks
 * of both factors are copied ("packed") into strips of four rows and of four columns, as the loop will want them, and
 * each 4 x 4 block of the result is then summed in sixteen local variables: eight numbers read for sixteen products
 * (Goto & van de Geijn, 2008). The strips are Float64Arrays, so that nothing is converted in the inner loop and the sums
 * of a Float32 network are rounded once in 512 products.
 */

/** @typedef {import("./arrays.js").Data} Data */

const SIDE = 4;

/** Of so many rows and products a block of A and one of B are made: they fit the processor's caches. */
const ROWS = 64;
const PRODUCTS = 512;

/** Factors of few rows are not worth packing: a row of the result is a sum of rows of the other factor. */
const FEW = 3;

const left = new Float64Array(ROWS * PRODUCTS);
let right = new Float64Array(0);
let sums = new Float64Array(0);

/** Bytes of the memory that passes use again; what does not fit is new. */
const SHARED = 2 ** 24;
/** @type {ArrayBuffer | null} */
let shared = null;
let taken = 0;
let passes = 0;

/**
 * Do a piece of work whose arrays nobody needs afterwards: the next one has the same memory. What is to stay must be
 * copied before it ends.
 * @template Result
 * @param {() => Result} work
 * @returns {Result}
 */
export function pass(work) {
  const before = taken;
  passes++;
  try {
    return work();
  } finally {
    passes--;
    taken = before;
  }
}

/**
 * An array, of one of both kinds.
 * @param {number} size
 * @param {boolean} double
 * @param {boolean} clear  Whether it must begin as zeros.
 * @returns {Data}
 */
export function allocate(size, double, clear) {
  const Kind = double ? Float64Array : Float32Array;
  const bytes = size * Kind.BYTES_PER_ELEMENT;
  if (!passes || taken + bytes > SHARED) return new Kind(size);
  shared ??= new ArrayBuffer(SHARED);
  const made = new Kind(shared, taken, size);
  // Every array starts at a multiple of eight bytes.
  taken += Math.ceil(bytes / 8) * 8;
  return clear ? made.fill(0) : made;
}

/**
 * `y = A B`, with y `(M, N)`, A `(M, K)`, or `(K, M)` if it is transposed, and B `(K, N)`, or `(N, K)`.
 * @param {number} M
 * @param {number} N
 * @param {number} K
 * @param {Data} A
 * @param {boolean} transposedA
 * @param {Data} B
 * @param {boolean} transposedB
 * @param {Data} y  Zeros.
 */
export function multiply(M, N, K, A, transposedA, B, transposedB, y) {
  if (M <= FEW && !transposedA) {
    for (let row = 0; row < M; row++) {
      if (transposedB) rowTimesTransposed(N, K, A, row * K, B, y, row * N);
      else rowTimes(N, K, A, row * K, B, y, row * N);
    }
    return;
  }
  const wide = Math.ceil(N / SIDE) * SIDE * Math.min(K, PRODUCTS);
  if (right.length < wide) right = new Float64Array(wide);
  for (let k = 0; k < K; k += PRODUCTS) {
    const products = Math.min(PRODUCTS, K - k);
    if (transposedB) packRows(N, products, B, k, K, right);
    else packColumns(products, N, B, k * N, N, right);
    for (let row = 0; row < M; row += ROWS) {
      const rows = Math.min(ROWS, M - row);
      if (transposedA) packColumns(products, rows, A, k * M + row, M, left);
      else packRows(rows, products, A, row * K + k, K, left);
      for (let column = 0; column < N; column += SIDE) {
        for (let i = 0; i < rows; i += SIDE) {
          const to = (row + i) * N + column;
          addBlock(products, left, i * products, right, column * products, y, to, N, rows - i, N - column);
        }
      }
    }
  }
}

/**
 * Strips of four rows of a matrix: four numbers, one of each row, for every k; zeros below the last row.
 * @param {number} rows
 * @param {number} K
 * @param {Data} from
 * @param {number} start  Where the first row begins.
 * @param {number} stride  From a row to the next.
 * @param {Float64Array} to
 */
function packRows(rows, K, from, start, stride, to) {
  for (let row = 0, strip = 0; row < rows; row += SIDE, strip += SIDE * K) {
    for (let i = 0; i < SIDE; i++) {
      if (row + i < rows) {
        for (let k = 0, p = start + (row + i) * stride, q = strip + i; k < K; k++, p++, q += SIDE) to[q] = from[p];
      } else {
        for (let k = 0, q = strip + i; k < K; k++, q += SIDE) to[q] = 0;
      }
    }
  }
}

/**
 * Strips of four columns of a matrix: four neighbours for every k; zeros right of the last column.
 * @param {number} K
 * @param {number} columns
 * @param {Data} from
 * @param {number} start  Where the first row begins.
 * @param {number} stride  From a row to the next.
 * @param {Float64Array} to
 */
function packColumns(K, columns, from, start, stride, to) {
  const whole = columns - (columns % SIDE);
  for (let k = 0; k < K; k++) {
    const p = start + k * stride;
    for (let column = 0, q = k * SIDE; column < whole; column += SIDE, q += SIDE * K) {
      to[q] = from[p + column];
      to[q + 1] = from[p + column + 1];
      to[q + 2] = from[p + column + 2];
      to[q + 3] = from[p + column + 3];
    }
    if (whole < columns) {
      const q = whole * K + k * SIDE;
      for (let j = 0; j < SIDE; j++) to[q + j] = whole + j < columns ? from[p + whole + j] : 0;
    }
  }
}

const block = new Float64Array(SIDE * SIDE);

/**
 * Add the product of two strips to a block of y, 4 x 4 or, at the edges, less.
 * @param {number} K
 * @param {Float64Array} A
 * @param {number} p  Where the strip begins.
 * @param {Float64Array} B
 * @param {number} q
 * @param {Data} y
 * @param {number} to
 * @param {number} N
 * @param {number} high  How many rows and columns of y there are from here on.
 * @param {number} wide
 */
function addBlock(K, A, p, B, q, y, to, N, high, wide) {
  let y00 = 0;
  let y01 = 0;
  let y02 = 0;
  let y03 = 0;
  let y10 = 0;
  let y11 = 0;
  let y12 = 0;
  let y13 = 0;
  let y20 = 0;
  let y21 = 0;
  let y22 = 0;
  let y23 = 0;
  let y30 = 0;
  let y31 = 0;
  let y32 = 0;
  let y33 = 0;
  for (const end = p + SIDE * K; p < end; p += SIDE, q += SIDE) {
    const b0 = B[q];
    const b1 = B[q + 1];
    const b2 = B[q + 2];
    const b3 = B[q + 3];
    let a = A[p];
    y00 += a * b0;
    y01 += a * b1;
    y02 += a * b2;
    y03 += a * b3;
    a = A[p + 1];
    y10 += a * b0;
    y11 += a * b1;
    y12 += a * b2;
    y13 += a * b3;
    a = A[p + 2];
    y20 += a * b0;
    y21 += a * b1;
    y22 += a * b2;
    y23 += a * b3;
    a = A[p + 3];
    y30 += a * b0;
    y31 += a * b1;
    y32 += a * b2;
    y33 += a * b3;
  }
  if (high >= SIDE && wide >= SIDE) {
    y[to] += y00;
    y[to + 1] += y01;
    y[to + 2] += y02;
    y[to + 3] += y03;
    to += N;
    y[to] += y10;
    y[to + 1] += y11;
    y[to + 2] += y12;
    y[to + 3] += y13;
    to += N;
    y[to] += y20;
    y[to + 1] += y21;
    y[to + 2] += y22;
    y[to + 3] += y23;
    to += N;
    y[to] += y30;
    y[to + 1] += y31;
    y[to + 2] += y32;
    y[to + 3] += y33;
    return;
  }
  block.set([y00, y01, y02, y03, y10, y11, y12, y13, y20, y21, y22, y23, y30, y31, y32, y33]);
  for (let i = 0; i < Math.min(SIDE, high); i++) {
    for (let j = 0; j < Math.min(SIDE, wide); j++) y[to + i * N + j] += block[i * SIDE + j];
  }
}

/**
 * A row times a matrix `(K, N)`, eight of whose rows are added at a time.
 * @param {number} N
 * @param {number} K
 * @param {Data} A
 * @param {number} a  Where the row begins.
 * @param {Data} B
 * @param {Data} y
 * @param {number} start
 */
function rowTimes(N, K, A, a, B, y, start) {
  if (sums.length < N) sums = new Float64Array(N);
  const sum = sums.fill(0, 0, N);
  let k = 0;
  for (; k + 8 <= K; k += 8, a += 8) {
    const a0 = A[a];
    const a1 = A[a + 1];
    const a2 = A[a + 2];
    const a3 = A[a + 3];
    const a4 = A[a + 4];
    const a5 = A[a + 5];
    const a6 = A[a + 6];
    const a7 = A[a + 7];
    for (let j = 0, b = k * N; j < N; j++, b++) {
      const s0 = a0 * B[b] + a1 * B[b + N];
      const s1 = a2 * B[b + 2 * N] + a3 * B[b + 3 * N];
      const s2 = a4 * B[b + 4 * N] + a5 * B[b + 5 * N];
      const s3 = a6 * B[b + 6 * N] + a7 * B[b + 7 * N];
      sum[j] += s0 + s1 + (s2 + s3);
    }
  }
  for (; k < K; k++, a++) {
    const a0 = A[a];
    for (let j = 0, b = k * N; j < N; j++, b++) sum[j] += a0 * B[b];
  }
  for (let j = 0; j < N; j++) y[start + j] = sum[j];
}

/**
 * A row times the transpose of a matrix `(N, K)`: products of rows, each summed in four parts.
 * @param {number} N
 * @param {number} K
 * @param {Data} A
 * @param {number} a  Where the row begins.
 * @param {Data} B
 * @param {Data} y
 * @param {number} start
 */
function rowTimesTransposed(N, K, A, a, B, y, start) {
  const whole = K - (K % 4);
  for (let j = 0, b = 0; j < N; j++, b += K) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let k = 0;
    for (; k < whole; k += 4) {
      s0 += A[a + k] * B[b + k];
      s1 += A[a + k + 1] * B[b + k + 1];
      s2 += A[a + k + 2] * B[b + k + 2];
      s3 += A[a + k + 3] * B[b + k + 3];
    }
    for (; k < K; k++) s0 += A[a + k] * B[b + k];
    y[start + j] = s0 + s1 + (s2 + s3);
  }
}
