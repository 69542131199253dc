// The left side: the pad, what the networks see of it, what the reader says, and the stages between.

import * as api from "./api.js";
import { $, make, percent } from "./dom.js";
import { latest, settled } from "./latest.js";
import { showInk } from "./marks.js";
import { Pad } from "./pad.js";

const STILL = 400; // milliseconds without a stroke, after which what is slow or spoken follows

export class Drawing extends EventTarget {
  constructor(lab) {
    super();
    this.lab = lab;
    this.pad = new Pad($("#pad"), { sent: 224, brush: 8 });
    const fail = (error) => lab.notice(error);
    this.look = latest((signal) => api.see(this.pad.body(), lab.hand, signal), (seen) => this.#take(seen), fail);
    this.explain = latest(
      (signal) => api.read(this.pad.body(), { single: true, explain: true }, signal),
      (reading) => showStages($("#stages"), reading.stages),
      fail,
    );
    this.still = settled(() => this.#rest(), STILL);
    this.pad.addEventListener("change", () => this.again());
    // What was asked about the old drawing says nothing about the next one.
    this.pad.addEventListener("cleared", () => this.#forget());
    this.show();
  }

  again() {
    this.still.cancel();
    if (this.pad.empty) this.#forget();
    else this.look.ask();
  }

  #forget() {
    this.look.cancel();
    this.explain.cancel();
    this.still.cancel();
    this.lab.seen = null;
    this.show();
    $("#stages").replaceChildren();
    $("#said").textContent = "";
    this.dispatchEvent(new Event("seen"));
  }

  #take(seen) {
    this.lab.notice(null);
    this.lab.seen = seen;
    this.show();
    this.dispatchEvent(new Event("seen"));
    this.still.soon();
  }

  #rest() {
    if (this.pad.drawing || this.look.busy || !this.lab.seen) return;
    this.explain.ask();
    this.dispatchEvent(new Event("still"));
  }

  show() {
    const { seen } = this.lab;
    const reader = seen?.reader ?? null;
    showInk($("#input"), seen?.input);
    const label = `The 28 by 28 pixels that every network sees${seen?.input ? "" : ": empty"}`;
    $("#input").setAttribute("aria-label", label);
    $("#answer").textContent = reader ? reader.value : seen ? "?" : "–";
    $("#answer").classList.toggle("unsure", !reader || reader.unsure);
    $(".reader figcaption").textContent = reader?.unsure ? "reader unsure" : "reader says";
    $("#top").replaceChildren(...(reader?.top ?? []).map(({ value, probability }) => {
      const bar = make("i");
      bar.style.transform = `scaleX(${probability})`;
      return make("li", {}, `${value}`, make("span", {}, percent(probability)), bar);
    }));
  }
}

export function showStages(place, stages) {
  place.replaceChildren(...stages.map(({ name, text, picture }) =>
    make("figure", { title: text }, make("img", { src: picture, alt: text }), make("figcaption", {}, name))));
}
