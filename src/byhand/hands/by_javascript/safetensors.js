/**
 * safetensors files: arrays and text, and no code. https://github.com/huggingface/safetensors
 *
 *     8 bytes     N, the header's length, little-endian
 *     N bytes     JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [from, to]}, "__metadata__": {...}}
 *     the rest    the arrays, each where its offsets say
 *
 * The file may come from anywhere, so everything is checked: lengths, kinds, shapes, that no two arrays share a byte,
 * and that no byte belongs to none. The numbers are copied, so that they start where typed arrays must.
 */

import { sizeOf } from "./arrays.js";
import { ByhandError } from "./errors.js";

/** @typedef {Float32Array | Float64Array | Uint8Array | Int32Array} Values */
/** @typedef {{ data: Values, shape: number[] }} Stored */

/** The longest header that the format allows. */
const LONGEST = 100_000_000;

/** @type {Map<string, { bytes: number, read: (bytes: ArrayBuffer) => Values }>} */
const KINDS = new Map([
  ["F64", { bytes: 8, read: (/** @type {ArrayBuffer} */ bytes) => new Float64Array(bytes) }],
  ["F32", { bytes: 4, read: (/** @type {ArrayBuffer} */ bytes) => new Float32Array(bytes) }],
  ["F16", { bytes: 2, read: (/** @type {ArrayBuffer} */ bytes) => fromHalf(new Uint16Array(bytes)) }],
  ["U8", { bytes: 1, read: (/** @type {ArrayBuffer} */ bytes) => new Uint8Array(bytes) }],
  ["I32", { bytes: 4, read: (/** @type {ArrayBuffer} */ bytes) => new Int32Array(bytes) }],
  // A double holds integers up to 2^53; a step count or a label is none larger.
  ["I64", { bytes: 8, read: (/** @type {ArrayBuffer} */ bytes) => Float64Array.from(new BigInt64Array(bytes), Number) }],
]);

/**
 * The numbers of halves: a sign, 5 bits of exponent, 10 of fraction.
 * @param {Uint16Array} halves
 */
export function fromHalf(halves) {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const [sign, exponent, fraction] = [halves[i] >> 15 ? -1 : 1, (halves[i] >> 10) & 31, halves[i] & 1023];
    if (exponent === 31) values[i] = fraction ? NaN : sign * Infinity;
    // Without a leading one: numbers below 2^-14
    else if (exponent === 0) values[i] = sign * fraction * 2 ** -24;
    else values[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return values;
}

/**
 * @param {string} what
 * @param {string} code
 * @returns {never}
 */
function refuse(what, code) {
  throw new ByhandError(`The safetensors file is damaged: ${what}.`, `safetensors.${code}`);
}

/**
 * Read a file.
 * @param {ArrayBuffer} file
 * @returns {{ arrays: Map<string, Stored>, metadata: Map<string, string> }}
 */
export function readSafetensors(file) {
  if (file.byteLength < 8) refuse(`${file.byteLength} bytes are too few`, "truncated");
  const length = new DataView(file).getBigUint64(0, true);
  if (length > LONGEST) refuse(`its header claims ${length} bytes`, "header_length");
  const start = 8 + Number(length);
  if (start > file.byteLength) refuse("it ends within its header", "truncated");
  const header = parseHeader(new Uint8Array(file, 8, Number(length)));
  /** @type {Map<string, string>} */
  let metadata = new Map();
  /** @type {Map<string, Stored>} */
  const arrays = new Map();
  /** @type {{ name: string, from: number, to: number }[]} */
  const ranges = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = parseMetadata(entry);
      continue;
    }
    const { kind, shape, from, to } = parseEntry(name, entry, file.byteLength - start);
    ranges.push({ name, from, to });
    arrays.set(name, { data: kind.read(file.slice(start + from, start + to)), shape });
  }
  ranges.sort((one, other) => one.from - other.from || one.to - other.to);
  let end = 0;
  for (const { name, from, to } of ranges) {
    if (from < end) refuse(`${name} shares bytes with another array`, "overlap");
    if (from > end) refuse(`${from - end} bytes before ${name} belong to no array`, "gap");
    end = to;
  }
  if (end !== file.byteLength - start) refuse(`${file.byteLength - start - end} bytes are left over`, "gap");
  return { arrays, metadata };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Record<string, any>}
 */
function parseHeader(bytes) {
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    refuse("its header is no JSON", "header");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) refuse("its header is no object", "header");
  return header;
}

/**
 * @param {any} entry
 * @returns {Map<string, string>}
 */
function parseMetadata(entry) {
  if (typeof entry !== "object" || entry === null) refuse("its metadata is no object", "header");
  const found = Object.entries(entry);
  if (found.some(([, value]) => typeof value !== "string")) refuse("its metadata is no text", "header");
  return new Map(found);
}

/**
 * @param {string} name
 * @param {any} entry
 * @param {number} size  Bytes of all arrays.
 */
function parseEntry(name, entry, size) {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  const kind = KINDS.get(dtype);
  if (!kind) refuse(`${name} has the kind ${JSON.stringify(dtype)}, expected one of ${[...KINDS.keys()]}`, "dtype");
  const count = (/** @type {any} */ value) => Number.isSafeInteger(value) && value >= 0;
  if (!Array.isArray(shape) || shape.length > 8 || !shape.every(count)) refuse(`${name} has no shape`, "shape");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(count)) refuse(`${name} has no place`, "offsets");
  const [from, to] = offsets;
  if (from > to || to > size) refuse(`${name} lies outside the file`, "offsets");
  if (sizeOf(shape) * kind.bytes !== to - from) {
    refuse(`${name} has ${to - from} bytes for the shape (${shape.join(", ")}) of ${dtype}`, "size");
  }
  return { kind, shape, from, to };
}

/**
 * Write a file.
 * @param {Map<string, Stored>} arrays
 * @param {Map<string, string>} metadata
 * @returns {ArrayBuffer}
 */
export function writeSafetensors(arrays, metadata = new Map()) {
  // Wider kinds first, so that each starts at a multiple of its width; names decide among equals.
  const order = [...arrays].sort(
    ([name, one], [other, two]) => two.data.BYTES_PER_ELEMENT - one.data.BYTES_PER_ELEMENT || (name < other ? -1 : 1),
  );
  /** @type {Record<string, any>} */
  const header = metadata.size ? { __metadata__: Object.fromEntries(metadata) } : {};
  let end = 0;
  for (const [name, { data, shape }] of order) {
    header[name] = { dtype: kindOf(data), shape, data_offsets: [end, (end += data.byteLength)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(text, 8);
  for (const [name, { data }] of order) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    file.set(bytes, start + header[name].data_offsets[0]);
  }
  return file.buffer;
}

/** @param {Values} data */
function kindOf(data) {
  if (data instanceof Float64Array) return "F64";
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "U8";
}
