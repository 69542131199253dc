// Challenge: draw until two networks disagree. The strangest drawings are kept in this tab (sessionStorage) alone.

import { $, make } from "./dom.js";
import { showInk } from "./marks.js";
import { bitsText, disagreement, showVerdict, tally } from "./votes.js";

const KEPT = 12;
const KEY = "byhand-strangest";

export class Challenge {
  constructor(lab, pad) {
    Object.assign(this, { lab, pad, place: $("#challenge"), strangest: [], drawing: null });
    try {
      this.strangest = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
    } catch {
      sessionStorage.removeItem(KEY);
    }
    pad.addEventListener("cleared", () => { this.drawing = null; });
    $("#forget").addEventListener("click", () => {
      this.strangest = [];
      this.#store();
    });
    this.repaint();
  }

  show(seen) {
    showVerdict($(".verdict", this.place), seen, this.lab.networks);
    const bits = seen?.found ? disagreement(seen.networks) : 0;
    const share = Math.min(1, bits / Math.log2(Math.max(2, Math.min(10, this.lab.networks.length))));
    $(".track", this.place).setAttribute("aria-valuenow", Math.round(100 * share));
    $(".track", this.place).setAttribute("aria-valuetext", bitsText(bits));
    $(".track i", this.place).style.transform = `scaleX(${share})`;
    $("#bits").textContent = bitsText(bits);
  }

  // One drawing has one place in the gallery, that of its strangest moment.
  keep(seen) {
    if (!seen.found || new Set(seen.networks.map(({ value }) => value)).size < 2) return;
    const bits = disagreement(seen.networks);
    this.drawing ??= crypto.randomUUID?.() ?? `${Date.now()}`;
    const before = this.strangest.find(({ id }) => id === this.drawing);
    if (before && before.bits >= bits) return;
    const found = {
      id: this.drawing, bits, input: seen.input, answers: seen.networks.map(({ value }) => value),
      strokes: this.pad.picture ? null : this.pad.strokes,
    };
    const others = this.strangest.filter((each) => each !== before);
    this.strangest = [found, ...others].sort((one, other) => other.bits - one.bits).slice(0, KEPT);
    this.#store();
  }

  repaint() {
    $("#forget").hidden = !this.strangest.length;
    $("#gallery").replaceChildren(...this.strangest.map((found, rank) => {
      const canvas = make("canvas", { class: "pixels", role: "img", "aria-label": "the drawing's pixels" });
      showInk(canvas, found.input);
      const [answers, bits] = [tally(found.answers), bitsText(found.bits)];
      const label = `Put number ${rank + 1} back on the pad: ${answers}, ${bits}`;
      return make("li", {}, make("button", { type: "button", "aria-label": label, onclick: () => this.#back(found) },
        canvas, make("b", {}, answers), make("small", {}, bits)));
    }));
    if (!this.strangest.length) {
      const none = "None yet: a 4 that closes, a 7 with a foot, a 1 with a roof.";
      $("#gallery").append(make("li", { class: "fact" }, none));
    }
  }

  async #back(found) {
    if (found.strokes) this.pad.put({ strokes: structuredClone(found.strokes) });
    else {
      const canvas = document.createElement("canvas");
      showInk(canvas, found.input);
      const blob = await new Promise((done) => { canvas.toBlob(done); });
      this.pad.put({ picture: { blob, bitmap: await createImageBitmap(blob) } });
    }
    this.drawing = found.id;
  }

  #store() {
    sessionStorage.setItem(KEY, JSON.stringify(this.strangest));
    this.repaint();
  }
}
