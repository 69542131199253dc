import assert from "node:assert/strict";
import { test } from "node:test";
import { startingValues } from "../../src/byhand/hands/by_javascript/initial_weights.js";
import { Network } from "../../src/byhand/hands/by_javascript/network.js";
import { DEFAULTS, OPTIMIZERS } from "../../src/byhand/hands/by_javascript/optimizers.js";
import { crc32, generator } from "../../src/byhand/hands/by_javascript/rng.js";
import { Spec } from "../../src/byhand/hands/by_javascript/spec.js";

const SMALL = { layers: [{ kind: "Standardize" }, { kind: "Flatten" }, { kind: "Linear", units: 12 }, { kind: "Tanh" }, { kind: "Linear", units: 10 }] };
const images = Uint8Array.from({ length: 20 * 784 }, (_, i) => Math.floor(128 + 127 * Math.sin(1e4 * Math.sin(i))));
const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 10);

test("checksums", () => {
  assert.equal(crc32("123456789"), 0xcbf43926);
  assert.equal(crc32(""), 0);
});

test("random numbers have their distributions", () => {
  const draw = generator(3, "test");
  const normal = Array.from({ length: 4000 }, () => draw.normal());
  const mean = normal.reduce((a, b) => a + b) / normal.length;
  const variance = normal.reduce((sum, x) => sum + (x - mean) ** 2, 0) / normal.length;
  assert.ok(Math.abs(mean) < 0.06 && Math.abs(variance - 1) < 0.09, `${mean} ${variance}`);
  assert.deepEqual([...draw.permutation(100)].sort((a, b) => a - b), [...Array(100).keys()]);
  assert.notDeepEqual([...draw.permutation(100)], [...Array(100).keys()]);
  assert.notEqual(generator(0, "a").float64(), generator(0, "b").float64());
});

test("orthogonal weights are rotations", () => {
  const layers = [{ kind: "Standardize" }, { kind: "Recurrent", cell: "gru", hidden: 6 }, { kind: "Linear", units: 3 }];
  const { data } = startingValues(new Spec({ layers, init: "orthogonal" }), 0).get("W_hh");
  for (let block = 0; block < 3; block++) {
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 6; j++) {
        let dot = 0;
        for (let k = 0; k < 6; k++) dot += data[k * 18 + block * 6 + i] * data[k * 18 + block * 6 + j];
        assert.ok(Math.abs(dot - (i === j ? 1 : 0)) < 1e-12);
      }
    }
  }
});

test("every optimizer learns a batch, in both precisions", () => {
  for (const dtype of ["float32", "float64"]) {
    for (const [name, lr] of [["sgd", 0.05], ["momentum", 0.01], ["adam", 0.01]]) {
      const network = new Network(new Spec(SMALL), { dtype });
      const optimizer = new OPTIMIZERS[name](network.theta, DEFAULTS);
      const first = network.lossAndGradient(images, labels);
      for (let step = 0; step < 200; step++) {
        network.lossAndGradient(images, labels);
        optimizer.step(network.gradient, lr);
      }
      const last = network.lossAndGradient(images, labels);
      assert.ok(last < first / 10, `${name} in ${dtype}: from ${first} to ${last}`);
    }
  }
});

test("logits do not depend on how images are divided into blocks", () => {
  const network = new Network(new Spec(SMALL), { dtype: "float64" });
  const many = new Uint8Array(130 * 784).map((_, i) => images[i % images.length]);
  const { data, shape } = network.logits(many);
  assert.deepEqual(shape, [130, 10]);
  const alone = network.logits(many.subarray(129 * 784)).data;
  alone.forEach((value, i) => assert.ok(Math.abs(value - data[1290 + i]) < 1e-12));
  assert.throws(() => network.logits(new Uint8Array(785)), (error) => error.code === "hands.image_shape");
  assert.throws(() => network.logits(new Uint8Array(0)), (error) => error.code === "hands.image_shape");
});
