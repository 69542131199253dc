/**
 * The error function, erf(x) = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x, which JavaScript lacks.
 *
 * Its derivatives follow from the first: with f = erf'(x) = 2 / sqrt(pi) exp(-x^2), each next one is
 *
 *     f^(n+1) = -2 x f^(n) - 2 n f^(n-1)
 *
 * So a table of erf at points 1/16 apart, and Taylor's formula from the nearest one, d <= 1/32 away, give it to 14
 * digits. The table's own values are the series, whose terms are all positive,
 *
 *     erf(x) = 2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (1 3 5 ... (2n+1))
 */

const APART = 1 / 16;
const ORDER = 9;
/** From here on 1 - erf(x) is less than half of the last bit of 1. */
const END = 6;

const table = new Float64Array((END / APART + 1) * ORDER);

for (let point = 0; point * ORDER < table.length; point++) {
  const x = point * APART;
  let [sum, term] = [0, x];
  for (let n = 1; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
  let [before, derivative] = [0, slope];
  let factorial = 1;
  table[point * ORDER] = slope * sum;
  for (let n = 1; n < ORDER; n++) {
    factorial *= n;
    // erf^(n)(x) / n!
    table[point * ORDER + n] = derivative / factorial;
    [before, derivative] = [derivative, -2 * x * derivative - 2 * (n - 1) * before];
  }
}

/** @param {number} x */
export function erf(x) {
  const size = Math.abs(x);
  if (!(size < END)) return Number.isNaN(x) ? x : Math.sign(x);
  const point = Math.round(size / APART);
  const d = size - point * APART;
  const first = point * ORDER;
  let value = 0;
  for (let n = first + ORDER - 1; n >= first; n--) value = value * d + table[n];
  return x < 0 ? -value : value;
}
