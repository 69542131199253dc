// The left column: the pad, the network input, the reader's prediction, and the stages.

import * as api from "./api.js";
import { $, make, percent } from "./dom.js";
import { latest, debounce } from "./requests.js";
import { showInk } from "./pixels.js";
import { Pad } from "./pad.js";

const PAUSE = 400; // milliseconds without a stroke before the stages are requested

export class Drawing extends EventTarget {
  constructor(lab) {
    super();
    this.lab = lab;
    this.pad = new Pad($("#pad"), { sentWidth: 224, brush: 8 });
    const onError = (error) => lab.notice(error);
    this.see = latest((signal) => api.see(this.pad.body(), lab.hand, signal), (result) => this.#receive(result), onError);
    this.explain = latest(
      (signal) => api.read(this.pad.body(), { single: true, explain: true }, signal),
      (reading) => {
        showStages($("#stages"), reading.stages);
        // A second digit, or a stroke apart, is not dropped in silence.
        if (reading.unread.some(({ kind }) => kind === "ink")) {
          $(".reader figcaption").textContent = "reader left out ink";
          $("#answer").classList.add("unsure");
        }
      },
      onError,
    );
    this.pause = debounce(() => this.#onPause(), PAUSE);
    this.pad.addEventListener("change", () => this.request());
    // Pending requests are about the old drawing.
    this.pad.addEventListener("cleared", () => this.#reset());
    this.show();
  }

  request() {
    this.pause.cancel();
    if (this.pad.empty) this.#reset();
    else this.see.ask();
  }

  #reset() {
    this.see.cancel();
    this.explain.cancel();
    this.pause.cancel();
    this.lab.result = null;
    this.show();
    $("#stages").replaceChildren();
    $("#status").textContent = "";
    this.dispatchEvent(new Event("result"));
  }

  #receive(result) {
    this.lab.notice(null);
    this.lab.result = result;
    this.show();
    this.dispatchEvent(new Event("result"));
    this.pause.start();
  }

  #onPause() {
    if (this.pad.drawing || this.see.busy || !this.lab.result) return;
    this.explain.ask();
    this.dispatchEvent(new Event("pause"));
  }

  show() {
    const { result } = this.lab;
    const reader = result?.reader ?? null;
    showInk($("#input"), result?.input);
    const label = `The 28 by 28 pixels that the networks read${result?.input ? "" : ": empty"}`;
    $("#input").setAttribute("aria-label", label);
    $("#answer").textContent = reader ? reader.value : result ? "?" : "–";
    $("#answer").classList.toggle("unsure", !reader || reader.unsure);
    $(".reader figcaption").textContent = reader?.unsure ? "reader unsure" : "reader says";
    $("#top").replaceChildren(...(reader?.top ?? []).map(({ value, probability }) => {
      const bar = make("i");
      bar.style.transform = `scaleX(${probability})`;
      return make("li", {}, `${value}`, make("span", {}, percent(probability)), bar);
    }));
  }
}

export function showStages(element, stages) {
  element.replaceChildren(...stages.map(({ name, text, picture }) =>
    make("figure", { title: text }, make("img", { src: picture, alt: text }), make("figcaption", {}, name))));
}
