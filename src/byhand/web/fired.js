// The units over the pixels that fired most for this drawing, with their weights as pictures.

import * as api from "./api.js";
import { $, make, signed } from "./dom.js";
import { extreme, showSigned } from "./marks.js";

const MOST = 16;

export class Fired {
  // `element` stays null where the network's first layer that learns is no dense layer over all pixels.
  constructor(network, onpick) {
    this.element = null;
    this.at = network.layers.findIndex(({ parameters }) => parameters > 0);
    const [below, layer, above] = [-1, 0, 1].map((step) => network.layers[this.at + step]);
    if (layer?.kind !== "Linear" || below?.shape[0] !== 784) return;
    this.last = above === undefined;
    this.size = Math.min(MOST, layer.shape[0]);
    this.slots = Array.from({ length: this.size }, () => {
      const [text, value] = ["–", "\u00a0"].map((words) => make("small", {}, words));
      const slot = { canvas: make("canvas", { class: "pixels" }), text, value, unit: 0 };
      const pick = () => { if (this.told) onpick(this.at, slot.unit); };
      const acts = { onclick: pick, onfocus: pick, onpointerenter: pick };
      slot.button = make("button", { type: "button", class: "slot", ...acts }, slot.canvas, text, value);
      return slot;
    });
    this.title = make("span", { class: "fact" });
    const heading = this.last ? "The ten units and their weights" : "Hidden units that fired most, and their weights";
    this.element = make("div", { class: "card", "data-part": "fired" },
      make("header", {}, make("h3", {}, heading), this.title),
      make("div", { class: this.last ? "slots few" : "slots" }, ...this.slots.map(({ button }) => button)));
    api.weights(network.name, layer.name).then((weights) => {
      this.weights = weights;
      this.limit = extreme(weights.pictures);
      this.take(this.told);
    }).catch((error) => { $("#notice").textContent = error.message; });
  }

  take(told) {
    this.told = told;
    if (!this.element || !this.weights) return;
    const values = told?.layers[this.last ? this.at : this.at + 1].values;
    const units = [...Array(this.weights.shape[0]).keys()];
    if (values && !this.last) units.sort((one, other) => values[other] - values[one]);
    const fired = values?.filter((value) => value > 0).length;
    if (!this.last) this.title.textContent = values ? `${fired} of ${units.length} fired` : "";
    this.slots.forEach((slot, i) => {
      slot.unit = units[i];
      const value = values?.[slot.unit];
      const noun = this.last ? "digit" : "unit";
      slot.text.textContent = `${noun} ${slot.unit}`;
      slot.value.textContent = value === undefined ? "\u00a0" : signed(value);
      slot.button.classList.toggle("silent", value !== undefined && value <= 0 && !this.last);
      const own = this.weights.pictures.slice(784 * slot.unit, 784 * (slot.unit + 1));
      showSigned(slot.canvas, own, [28, 28], this.limit / 2);
    });
  }
}
