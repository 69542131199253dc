/**
 * Named streams of random numbers, the same as byhand's: NumPy's SeedSequence and PCG64 (O'Neill, 2014).
 *
 * `generator(0, "shuffle", 3)` gives the bits that Python's does, so uniform numbers and dropout's masks are equal in
 * every hand. Normal numbers are not: NumPy draws them from tables (Marsaglia & Tsang's ziggurat), and we from Box and
 * Muller's formula (1958), which is one line.
 *
 * Twin: byhand/rng.py.
 */

const MASK64 = (1n << 64n) - 1n;
const MASK128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** PCG64: a linear congruence of 128 bits whose output is its halves, xored and rotated by its highest bits. */
export class Generator {
  /**
   * @param {bigint} state
   * @param {bigint} increment  Odd.
   */
  constructor(state, increment) {
    this.state = state;
    this.increment = increment;
    /** @type {number | null}  The other half of the last 64 bits, of which a float32 needs one. */
    this.half = null;
  }

  /** 64 random bits. */
  bits() {
    // state <- multiplier state + increment   (mod 2^128)
    this.state = (this.state * MULTIPLIER + this.increment) & MASK128;
    const value = (this.state >> 64n) ^ (this.state & MASK64);
    const by = this.state >> 122n;
    return ((value >> by) | (value << (64n - by))) & MASK64;
  }

  /** A number of [0, 1) with 53 bits. */
  float64() {
    return Number(this.bits() >> 11n) * 2 ** -53;
  }

  /** A number of [0, 1) with 24 bits. */
  float32() {
    let half = this.half;
    if (half === null) {
      const bits = this.bits();
      half = Number(bits & 0xffffffffn);
      this.half = Number(bits >> 32n);
    } else {
      this.half = null;
    }
    return (half >>> 8) * 2 ** -24;
  }

  /**
   * A number of [low, high).
   * @param {number} low
   * @param {number} high
   */
  uniform(low, high) {
    return low + (high - low) * this.float64();
  }

  /** A number of the normal distribution: sqrt(-2 log u) cos(2 pi v). */
  normal() {
    return Math.sqrt(-2 * Math.log(1 - this.float64())) * Math.cos(2 * Math.PI * this.float64());
  }

  /**
   * The numbers 0 to n - 1 in a random order (Fisher & Yates, 1938); not NumPy's.
   * @param {number} n
   */
  permutation(n) {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.float64() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/**
 * The generator of a named stream.
 * @param {number} seed  The seed of the run, 0 or greater.
 * @param {(string | number)[]} name
 */
export function generator(seed, ...name) {
  const words = seedSequence(seed, name.map((part) => (typeof part === "string" ? crc32(part) : part)));
  const wide = (/** @type {number} */ i) => (words[i] << 64n) | words[i + 1];
  const made = new Generator(0n, ((wide(2) << 1n) | 1n) & MASK128);
  made.bits();
  made.state = (made.state + wide(0)) & MASK128;
  made.bits();
  return made;
}

/**
 * NumPy's SeedSequence: spread a seed and a key over a pool of four words, and draw four words of 64 bits from it.
 * @param {number} seed
 * @param {number[]} key
 * @returns {bigint[]}
 */
function seedSequence(seed, key) {
  const entropy = words32(seed);
  // The seed is filled up, so that a longer one is not taken for one with a key.
  while (key.length && entropy.length < 4) entropy.push(0);
  entropy.push(...key.flatMap(words32));
  let constant = 0x43b0d7e5;
  const hash = (/** @type {number} */ value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mix = (/** @type {number} */ x, /** @type {number} */ y) => {
    const value = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715);
    return value ^ (value >>> 16);
  };
  const pool = [0, 1, 2, 3].map((i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  }
  for (const word of entropy.slice(4)) for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], hash(word));
  constant = 0x8b51f9dd;
  const drawn = Array.from({ length: 8 }, (_, i) => {
    let value = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return BigInt((value ^ (value >>> 16)) >>> 0);
  });
  return [0, 2, 4, 6].map((i) => drawn[i] | (drawn[i + 1] << 32n));
}

/**
 * A number as words of 32 bits, the lowest first.
 * @param {number} number
 */
function words32(number) {
  const words = [number >>> 0];
  for (let rest = Math.floor(number / 2 ** 32); rest > 0; rest = Math.floor(rest / 2 ** 32)) words.push(rest >>> 0);
  return words;
}

/**
 * The checksum of a text's bytes, which is its number in a stream's name.
 * @param {string} text
 */
export function crc32(text) {
  let remainder = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return ~remainder >>> 0;
}
