// One network: its input, the output of every layer, and the inputs of a selected unit.

import * as api from "./api.js";
import { Attention } from "./attention.js";
import { $, count, make, percent } from "./dom.js";
import { UnitInputs } from "./unit_inputs.js";
import { TopUnits } from "./top_units.js";
import { latest } from "./requests.js";
import { showInk, showSaliency } from "./pixels.js";
import { Steps } from "./steps.js";
import { UnitMap } from "./unit_map.js";

const RECURRENT = new Set(["elman", "lstm", "gru"]);
const PASSTHROUGH = new Set(["Flatten", "Select", "Dropout"]);

export class Inside {
  constructor(lab) {
    Object.assign(this, { lab, built: null, shown: "", result: null });
    this.unitInputs = new UnitInputs($("#unit-inputs-title"), $("#unit-inputs-body"));
    this.ask = latest(
      async (signal) => {
        const pixels = lab.result.input;
        return { ...await api.activations(lab.chosen, pixels, lab.hand, signal), pixels };
      },
      (result) => { if (result.name === this.built) this.#receive(result); },
      (error) => lab.notice(error),
    );
  }

  reset() {
    this.built = null;
    this.shown = "";
  }

  show(sight) {
    const network = this.lab.networks.find(({ name }) => name === this.lab.chosen);
    if (!network) return;
    if (this.built !== network.name) this.#build(network);
    const wanted = sight?.input ? `${network.name} ${this.lab.hand} ${sight.input}` : "";
    if (wanted === this.shown) return;
    this.shown = wanted;
    if (wanted) this.ask.ask();
    else {
      this.ask.cancel();
      this.#receive(null);
    }
  }

  #build(network) {
    this.built = network.name;
    this.shown = "";
    this.result = null;
    this.ask.cancel();
    this.unitInputs.reset(network);
    this.maps = [];
    this.selected = null;
    const canvas = (label) => make("canvas", { class: "pixels", role: "img", "aria-label": label });
    this.input = canvas("The input pixels");
    this.saliency = canvas("Evidence for and against the prediction");
    this.says = make("output", { "aria-live": "off" }, "–");
    const first = make("div", { class: "card" },
      make("header", {}, make("h3", {}, network.name), this.says,
        make("span", { class: "note" }, `${count(network.parameters)} parameters`)),
      make("div", { class: "overview" },
        make("figure", {}, this.input, make("figcaption", {}, "input")),
        make("figure", {}, this.saliency,
          make("figcaption", {}, "evidence for (blue) and against (vermilion) the prediction")),
        make("div", {}, make("p", { class: "scale" }, "below 0", make("i"), "above 0"),
          make("p", { class: "note" }, "Colors are scaled to each layer's largest value."))));
    this.steps = RECURRENT.has(network.kind) ? new Steps() : null;
    this.attention = network.kind === "vit" ? new Attention() : null;
    this.topUnits = new TopUnits(network, (layer, unit) => this.#select(layer, unit));
    const parts = network.layers.map((layer, i) => this.#layer(layer, i, network.layers.length));
    const special = [this.steps?.element, this.attention?.element, this.topUnits.element].filter(Boolean);
    $("#layers").replaceChildren(first, ...special, ...parts);
    this.#receive(null);
  }

  #layer({ name, kind, shape, parameters, text }, i, layers) {
    if (PASSTHROUGH.has(kind)) return make("p", { class: "passthrough" }, `${text}: ${passthroughText(kind, shape)}`);
    // The pixels are shown as a single map.
    const units = new UnitMap({
      name: `${name}, ${text}`, shape: kind === "Standardize" ? [...shape, 1] : shape, digits: i === layers - 1,
      onselect: (unit) => this.#select(i, unit),
    });
    this.maps[i] = units;
    const parametersText = parameters ? ` · ${count(parameters)} parameters` : "";
    return make("div", { class: "card", "data-layer": name },
      make("header", {}, make("h3", {}, name), make("span", {}, text === name ? "" : text),
        make("span", { class: "note" }, `${shape.join(" × ")}${parametersText}`)),
      units.element);
  }

  #select(layer, unit) {
    this.maps.forEach((units, i) => { if (i !== layer) units.deselect(); });
    if (this.maps[layer].selected !== unit) {
      this.maps[layer].select(unit);
      return;
    }
    this.selected = [layer, unit];
    this.unitInputs.show(layer, unit, this.result, true);
  }

  #receive(result) {
    this.result = result;
    const pixels = result?.pixels ?? null;
    showInk(this.input, pixels);
    if (pixels) showSaliency(this.saliency, pixels, result.saliency);
    else showInk(this.saliency, null);
    const prediction = result ? result.probabilities.indexOf(Math.max(...result.probabilities)) : null;
    this.says.textContent = result ? `says ${prediction} (${percent(result.probabilities[prediction])})` : "–";
    this.maps.forEach((units, i) => {
      units.draw(result ? result.layers[i].values : null);
      units.describe();
    });
    this.steps?.show(result, pixels);
    this.attention?.show(result, pixels);
    this.topUnits.show(result);
    // Before a unit is selected, show the inputs of the predicted class.
    if (this.selected) this.unitInputs.show(...this.selected, result, true);
    else if (result) this.unitInputs.show(result.layers.length - 1, prediction, result, false);
  }
}

function passthroughText(kind, shape) {
  if (kind === "Flatten") return `flattened to ${count(shape[0])} values`;
  if (kind === "Select") return `${count(shape[0])} of the values are used`;
  return "active in training only";
}
