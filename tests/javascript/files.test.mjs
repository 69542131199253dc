import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { readCheckpoint, readNetwork, writeNetwork } from "../../src/byhand/hands/by_javascript/checkpoint.js";
import { fromHalf, readSafetensors, writeSafetensors } from "../../src/byhand/hands/by_javascript/safetensors.js";
import { Spec, parseSpec } from "../../src/byhand/hands/by_javascript/spec.js";

const WEIGHTS = new URL("../../src/byhand/weights/softmax.safetensors", import.meta.url);

/** A file with a header and so many bytes of numbers. */
function file(header, bytes = 0) {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const made = new Uint8Array(8 + text.length + bytes);
  new DataView(made.buffer).setBigUint64(0, BigInt(text.length), true);
  made.set(text, 8);
  return made.buffer;
}

const refused = (made, code) => assert.throws(made, (error) => error.code === code || assert.fail(`${error.code}: ${error}`));
const entry = (from, to, more = {}) => ({ dtype: "F32", shape: [(to - from) / 4], data_offsets: [from, to], ...more });

test("what is written is read again", () => {
  const arrays = new Map([
    ["b", { data: Uint8Array.of(1, 2, 3), shape: [3] }],
    ["a", { data: Float32Array.of(0.5, -2), shape: [1, 2] }],
    ["c", { data: Float64Array.of(Math.PI), shape: [] }],
    ["none", { data: new Float32Array(0), shape: [0, 4] }],
  ]);
  const read = readSafetensors(writeSafetensors(arrays, new Map([["what", "text"]])));
  assert.equal(read.metadata.get("what"), "text");
  assert.equal(read.arrays.size, arrays.size);
  for (const [name, array] of arrays) assert.deepEqual(read.arrays.get(name), array);
});

test("halves", () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x3555, 0x0400, 0x03ff);
  const expected = [1, -2, 65504, 2 ** -24, -0, Infinity, 0.333251953125, 2 ** -14, 1023 * 2 ** -24];
  assert.deepEqual([...fromHalf(halves)], expected);
  assert.ok(Number.isNaN(fromHalf(Uint16Array.of(0x7e00))[0]));
});

test("damaged files are refused", () => {
  for (const [made, code] of [
    [new ArrayBuffer(7), "truncated"],
    [file("{}").slice(0, 9), "truncated"],
    [Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0).buffer, "header_length"],
    [file("{"), "header"],
    [file("[]"), "header"],
    [file("null"), "header"],
    [file({ __metadata__: { number: 1 } }), "header"],
    [file({ a: null }), "dtype"],
    [file({ a: entry(0, 4, { dtype: "F8" }) }, 4), "dtype"],
    [file({ a: entry(0, 4, { dtype: "__proto__" }) }, 4), "dtype"],
    [file({ a: entry(0, 4, { shape: [-1] }) }, 4), "shape"],
    [file({ a: entry(0, 4, { shape: [1.5] }) }, 4), "shape"],
    [file({ a: entry(0, 4, { shape: "1" }) }, 4), "shape"],
    [file({ a: entry(0, 4, { shape: Array(9).fill(1) }) }, 4), "shape"],
    [file({ a: entry(0, 4, { data_offsets: [0] }) }, 4), "offsets"],
    [file({ a: entry(0, 4, { data_offsets: [4, 0] }) }, 4), "offsets"],
    [file({ a: entry(0, 8) }, 4), "offsets"],
    [file({ a: entry(0, 8, { shape: [1] }) }, 8), "size"],
    [file({ a: entry(0, 8, { shape: [2 ** 40, 2 ** 40] }) }, 8), "size"],
    [file({ a: entry(0, 8), b: entry(4, 12) }, 12), "overlap"],
    [file({ a: entry(0, 4), b: entry(8, 12) }, 12), "gap"],
    [file({ a: entry(0, 4) }, 8), "gap"],
  ]) refused(() => readSafetensors(made), `safetensors.${code}`);
});

test("a shipped network is read, and written for Python to read", async () => {
  const bytes = await readFile(WEIGHTS);
  const { network, facts } = readNetwork(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  assert.equal(facts.name, "softmax");
  assert.equal(network.theta.length, 7850);
  const again = readCheckpoint(writeNetwork(network, { name: "mine" }));
  assert.equal(again.facts.name, "mine");
  assert.deepEqual(again.values.get("W").data, network.parameters.get("W").data);
  refused(() => readCheckpoint(file({})), "checkpoint.no_network");
});

test("a network's weights must be its own", async () => {
  const bytes = await readFile(WEIGHTS);
  const { network } = readNetwork(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const values = new Map(network.parameters);
  values.set("W", { data: new Float32Array(7840), shape: [10, 784] });
  refused(() => network.load(values), "hands.parameter_shape");
  values.delete("W");
  refused(() => network.load(values), "hands.parameter_names");
});

test("descriptions are checked", () => {
  const first = { kind: "Standardize" };
  const with_ = (...layers) => ({ layers: [first, ...layers] });
  const rows = [{ kind: "Flatten" }, { kind: "Linear", units: 10 }];
  const spec = new Spec(with_({ kind: "Flatten" }, { kind: "Linear", units: 5 }, { kind: "ReLU" }, { kind: "Linear", units: 3 }));
  assert.deepEqual(spec.parameters.map((one) => one.name), ["W1", "b1", "W2", "b2"]);
  assert.deepEqual(spec.layerNames, ["Standardize", "Flatten", "Linear1", "ReLU", "Linear2"]);
  assert.equal(spec.size, 784 * 5 + 5 + 5 * 3 + 3);
  assert.deepEqual(new Spec(spec.toObject()), spec);
  for (const [values, code] of [
    [null, "spec.invalid_json"],
    [{ layers: 3 }, "spec.invalid_layers"],
    [{ layers: [] }, "spec.invalid_layers"],
    [{ layers: [first, 5] }, "spec.invalid_json"],
    [{ layers: rows }, "spec.first_layer"],
    [with_({ kind: "Flattened" }), "hands.missing_layer"],
    [with_({ kind: "__proto__" }), "hands.missing_layer"],
    [with_({ kind: "constructor" }), "hands.missing_layer"],
    [with_({ kind: "Flatten", size: 3 }), "spec.unknown_setting"],
    [with_({ kind: "Flatten" }, { kind: "Linear", units: "10" }), "spec.wrong_type"],
    [with_({ kind: "Flatten" }, { kind: "Linear", units: 1.5 }), "layer.out_of_range"],
    [with_({ kind: "Linear", units: 10 }), "spec.output_shape"],
    [with_({ kind: "Flatten" }, { kind: "Linear", units: 1e9 }), "spec.too_large"],
    [with_({ kind: "Flatten" }), "spec.no_parameters"],
    [with_({ kind: "Conv2d", channels: 2, kernel: 40 }), "layer.wrong_shape"],
    [with_({ kind: "Residual", layers: [{ kind: "Flatten" }] }, ...rows), "layer.wrong_shape"],
    [with_({ kind: "Recurrent", cell: "toString", hidden: 3 }), "layer.unknown_cell"],
    [{ ...with_(...rows), loss: "hinge" }, "spec.unknown_loss"],
    [{ ...with_(...rows), init: "zeros" }, "spec.unknown_init"],
    [{ ...with_(...rows), smoothing: 1 }, "spec.out_of_range"],
    [{ ...with_(...rows), input_shape: [28, -1] }, "spec.input_shape"],
  ]) refused(() => new Spec(values), code);
  refused(() => parseSpec("{"), "spec.invalid_json");
});
