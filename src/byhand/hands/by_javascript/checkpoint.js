/**
 * Trained networks as byhand writes them: a safetensors file whose header holds the description of the network.
 *
 * The values of parameters and running averages stand under their own names, an optimizer's and the best epoch's under
 * names with a "/", which are left out. Shipped weights are halves; they are read as 32-bit numbers.
 *
 * Twin: byhand/training/checkpoint.py.
 */

import { ByhandError } from "./errors.js";
import { Network } from "./network.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { Spec } from "./spec.js";

/** @typedef {import("./safetensors.js").Stored} Stored */

/**
 * Read a file.
 * @param {ArrayBuffer} file
 * @returns {{ spec: Spec, epochs: number, values: Map<string, Stored>, facts: Record<string, any> }}
 */
export function readCheckpoint(file) {
  const { arrays, metadata } = readSafetensors(file);
  let header;
  try {
    header = JSON.parse(metadata.get("byhand") ?? "");
  } catch {
    throw new ByhandError("The file is no network of byhand's: its header describes none.", "checkpoint.no_network");
  }
  const { spec, epochs = 0, facts = {} } = header ?? {};
  const values = new Map([...arrays].filter(([name]) => !name.includes("/")));
  return { spec: new Spec(spec), epochs, values, facts };
}

/**
 * Build the network of a file.
 * @param {ArrayBuffer} file
 * @param {{ dtype?: "float32" | "float64" }} [options]
 */
export function readNetwork(file, options = {}) {
  const { spec, values, facts } = readCheckpoint(file);
  const network = new Network(spec, options);
  network.load(values);
  return { network, facts };
}

/**
 * Write a network, to be read here or by Python.
 * @param {Network} network
 * @param {Record<string, any>} facts
 */
export function writeNetwork(network, facts = {}) {
  const header = JSON.stringify({ spec: network.spec.toObject(), epochs: 0, facts });
  return writeSafetensors(
    new Map([...network.parameters, ...network.state].map(([name, { data, shape }]) => [name, { data, shape }])),
    new Map([["byhand", header]]),
  );
}
