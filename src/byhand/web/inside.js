// Look inside one network: what enters, every layer's values from below upwards, and what feeds the unit pointed at.

import * as api from "./api.js";
import { $, count, make, percent } from "./dom.js";
import { Feeds } from "./feeds.js";
import { Fired } from "./fired.js";
import { latest } from "./latest.js";
import { showInk, showSaliency } from "./marks.js";
import { Steps } from "./steps.js";
import { Units } from "./units.js";

const PASSES = new Set(["Flatten", "Select", "Dropout"]);

export class Inside {
  constructor(lab) {
    Object.assign(this, { lab, built: null, asked: "", told: null });
    this.feeds = new Feeds($("#feeds-title"), $("#feeds-body"));
    this.ask = latest(
      async (signal) => {
        const pixels = lab.seen.input;
        return { ...await api.activations(lab.chosen, pixels, lab.hand, signal), pixels };
      },
      (told) => { if (told.name === this.built) this.#take(told); },
      (error) => lab.notice(error),
    );
  }

  forget() {
    this.built = null;
    this.asked = "";
  }

  show(seen) {
    const network = this.lab.networks.find(({ name }) => name === this.lab.chosen);
    if (!network) return;
    if (this.built !== network.name) this.#build(network);
    const asked = seen?.input ? `${network.name} ${this.lab.hand} ${seen.input}` : "";
    if (asked === this.asked) return;
    this.asked = asked;
    if (asked) this.ask.ask();
    else {
      this.ask.cancel();
      this.#take(null);
    }
  }

  #build(network) {
    this.built = network.name;
    this.asked = "";
    this.told = null;
    this.ask.cancel();
    this.feeds.of(network);
    this.units = [];
    this.picked = null;
    const canvas = (label) => make("canvas", { class: "pixels", role: "img", "aria-label": label });
    this.input = canvas("The pixels that enter");
    this.saliency = canvas("The pixels that count for and against the answer");
    this.says = make("output", { "aria-live": "off" }, "–");
    const first = make("div", { class: "card" },
      make("header", {}, make("h3", {}, network.name), this.says,
        make("span", { class: "fact" }, `${count(network.parameters)} parameters`)),
      make("div", { class: "first" },
        make("figure", {}, this.input, make("figcaption", {}, "what enters")),
        make("figure", {}, this.saliency,
          make("figcaption", {}, "what counts for (blue) and against (orange) its answer")),
        make("div", {}, make("p", { class: "scale" }, "below 0", make("i"), "above 0"),
          make("p", { class: "fact" }, "Full colour is each layer's largest value."))));
    this.steps = network.layers.some(({ kind }) => kind === "Recurrent") ? new Steps() : null;
    this.fired = new Fired(network, (layer, unit) => this.#pick(layer, unit));
    const parts = network.layers.map((layer, i) => this.#layer(layer, i, network.layers.length));
    const special = [this.steps?.element, this.fired.element].filter(Boolean);
    $("#layers").replaceChildren(first, ...special, ...parts);
    this.#take(null);
  }

  #layer({ name, kind, shape, parameters, text }, i, layers) {
    if (PASSES.has(kind)) return make("p", { class: "thin" }, `${text}: ${passing(kind, shape)}`);
    // Before pictures are split into maps they are one map.
    const units = new Units({
      name: `${name}, ${text}`, shape: kind === "Standardize" ? [...shape, 1] : shape, digits: i === layers - 1,
      onpick: (unit) => this.#pick(i, unit),
    });
    this.units[i] = units;
    const learnt = parameters ? ` · ${count(parameters)} parameters` : "";
    return make("div", { class: "card", "data-layer": name },
      make("header", {}, make("h3", {}, name), make("span", {}, text === name ? "" : text),
        make("span", { class: "fact" }, `${shape.join(" × ")}${learnt}`)),
      units.element);
  }

  #pick(layer, unit) {
    this.units.forEach((units, i) => { if (i !== layer) units.leave(); });
    if (this.units[layer].picked !== unit) {
      this.units[layer].pick(unit);
      return;
    }
    this.picked = [layer, unit];
    this.feeds.show(layer, unit, this.told, true);
  }

  #take(told) {
    this.told = told;
    const pixels = told?.pixels ?? null;
    showInk(this.input, pixels);
    if (pixels) showSaliency(this.saliency, pixels, told.saliency);
    else showInk(this.saliency, null);
    const answer = told ? told.probabilities.indexOf(Math.max(...told.probabilities)) : null;
    this.says.textContent = told ? `says ${answer} (${percent(told.probabilities[answer])})` : "–";
    this.units.forEach((units, i) => {
      units.draw(told ? told.layers[i].values : null);
      units.say();
    });
    this.steps?.take(told, pixels);
    this.fired.take(told);
    // Until a unit is pointed at, what feeds the answer.
    if (this.picked) this.feeds.show(...this.picked, told, true);
    else if (told) this.feeds.show(told.layers.length - 1, answer, told, false);
  }
}

function passing(kind, shape) {
  if (kind === "Flatten") return `the same numbers in one row of ${count(shape[0])}`;
  if (kind === "Select") return `${count(shape[0])} of them are looked at`;
  return "does nothing outside training";
}
