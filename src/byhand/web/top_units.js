// The units of a first dense layer that are most active for this drawing, with their weights as pictures.

import * as api from "./api.js";
import { $, make, signed } from "./dom.js";
import { largest, showWeights } from "./pixels.js";

const SHOWN = 16;

export class TopUnits {
  // `element` is null unless the first layer with parameters is dense and sees all pixels.
  constructor(network, onselect) {
    this.element = null;
    this.at = network.layers.findIndex(({ parameters }) => parameters > 0);
    const [below, layer, above] = [-1, 0, 1].map((step) => network.layers[this.at + step]);
    if (layer?.kind !== "Linear" || below?.shape[0] !== 784) return;
    this.last = above === undefined;
    this.size = Math.min(SHOWN, layer.shape[0]);
    this.slots = Array.from({ length: this.size }, () => {
      const [text, value] = ["–", "\u00a0"].map((words) => make("small", {}, words));
      const slot = { canvas: make("canvas", { class: "pixels" }), text, value, unit: 0 };
      const select = () => { if (this.result) onselect(this.at, slot.unit); };
      const handlers = { onclick: select, onfocus: select, onpointerenter: select };
      slot.button = make("button", { type: "button", class: "unit", ...handlers }, slot.canvas, text, value);
      return slot;
    });
    this.title = make("span", { class: "note" });
    const heading = this.last ? "The ten units and their weights" : "Most active hidden units and their weights";
    this.element = make("div", { class: "card", "data-part": "top-units" },
      make("header", {}, make("h3", {}, heading), this.title),
      make("div", { class: this.last ? "unit-grid few" : "unit-grid" }, ...this.slots.map(({ button }) => button)));
    api.weights(network.name, layer.name).then((weights) => {
      this.weights = weights;
      this.limit = largest(weights.pictures);
      this.show(this.result);
    }).catch((error) => { $("#notice").textContent = error.message; });
  }

  show(result) {
    this.result = result;
    if (!this.element || !this.weights) return;
    const values = result?.layers[this.last ? this.at : this.at + 1].values;
    const units = [...Array(this.weights.shape[0]).keys()];
    if (values && !this.last) units.sort((one, other) => values[other] - values[one]);
    const active = values?.filter((value) => value > 0).length;
    if (!this.last) this.title.textContent = values ? `${active} of ${units.length} active` : "";
    this.slots.forEach((slot, i) => {
      slot.unit = units[i];
      const value = values?.[slot.unit];
      const noun = this.last ? "digit" : "unit";
      slot.text.textContent = `${noun} ${slot.unit}`;
      slot.value.textContent = value === undefined ? "\u00a0" : signed(value);
      slot.button.classList.toggle("inactive", value !== undefined && value <= 0 && !this.last);
      const own = this.weights.pictures.slice(784 * slot.unit, 784 * (slot.unit + 1));
      showWeights(slot.canvas, own, [28, 28], this.limit / 2);
    });
  }
}
