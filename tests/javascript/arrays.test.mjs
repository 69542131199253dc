import assert from "node:assert/strict";
import { test } from "node:test";
import { NDArray, T, concat, matmul, reversed, split, step, sumColumns, sumRows } from "../../src/byhand/hands/by_javascript/arrays.js";
import { erf } from "../../src/byhand/hands/by_javascript/erf.js";

const numbers = (size, seed) => Float64Array.from({ length: size }, (_, i) => Math.sin(seed + 1.7 * i));
const array = (shape, seed) => new NDArray(numbers(shape.reduce((a, b) => a * b), seed), shape);

/** The product as school has it. */
function plain(M, N, K, a, b) {
  const y = new Float64Array(M * N);
  for (let i = 0; i < M; i++) for (let j = 0; j < N; j++) for (let k = 0; k < K; k++) y[i * N + j] += a(i, k) * b(k, j);
  return y;
}

function near(found, expected) {
  assert.equal(found.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(found[i] - value) < 1e-12 * (1 + Math.abs(value)), `${i}: ${found[i]} ${value}`));
}

test("products of every size and transposition are the plain ones", () => {
  // Below, at and above the sides of the blocks, and more rows and products than a block has.
  for (const [M, N, K] of [[1, 1, 1], [1, 9, 17], [3, 5, 8], [4, 4, 4], [5, 7, 6], [70, 9, 3], [6, 5, 1030], [130, 3, 520]]) {
    const [a, at, b, bt] = [array([M, K], 1), array([K, M], 2), array([K, N], 3), array([N, K], 4)];
    const [A, At] = [(i, k) => a.data[i * K + k], (i, k) => at.data[k * M + i]];
    const [B, Bt] = [(k, j) => b.data[k * N + j], (k, j) => bt.data[j * K + k]];
    near(matmul(a, b).data, plain(M, N, K, A, B));
    near(matmul(T(at), b).data, plain(M, N, K, At, B));
    near(matmul(a, T(bt)).data, plain(M, N, K, A, Bt));
    near(matmul(T(at), T(bt)).data, plain(M, N, K, At, Bt));
  }
});

test("rows of any shape are multiplied row by row", () => {
  const y = matmul(array([2, 3, 4], 1), array([4, 5], 2));
  assert.deepEqual(y.shape, [2, 3, 5]);
  assert.throws(() => matmul(array([2, 3], 1), array([4, 5], 2)), RangeError);
});

test("sums of rows and columns", () => {
  const x = new NDArray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
  assert.deepEqual([...sumRows(x).data], [5, 7, 9]);
  assert.deepEqual([...sumColumns(x).data], [6, 15]);
  assert.ok(sumRows(x).data instanceof Float32Array);
});

test("splitting and joining, steps and their reverse", () => {
  const x = new NDArray(Float32Array.from({ length: 12 }, (_, i) => i), [2, 3, 2]);
  assert.deepEqual([...step(x, 1).data], [2, 3, 8, 9]);
  assert.deepEqual([...reversed(x).data], [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7]);
  const [left, right] = split(x, 2);
  assert.deepEqual([...right.data], [1, 3, 5, 7, 9, 11]);
  assert.deepEqual([...concat(left, right).data], [...x.data]);
});

test("the error function", () => {
  // scipy.special.erf
  const known = [[0, 0], [0.1, 0.1124629160182849], [0.03125, 0.035250373867322826], [0.5, 0.5204998778130465],
    [1, 0.8427007929497148], [2.3, 0.9988568234026434], [3.7, 0.9999998328489421], [-1.5, -0.9661051464753108], [7, 1]];
  for (const [x, y] of known) assert.ok(Math.abs(erf(x) - y) < 2e-15, `erf(${x}) = ${erf(x)}, not ${y}`);
  assert.equal(erf(-Infinity), -1);
  assert.ok(Number.isNaN(erf(NaN)));
});
