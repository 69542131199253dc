// Challenge: draw until two networks disagree. The drawings with the most disagreement are kept in this tab only.

import { $, make } from "./dom.js";
import { showInk } from "./pixels.js";
import { bitsText, disagreement, showVerdict, tally } from "./votes.js";

const SHOWN = 12;
const KEY = "byhand-kept";

export class Challenge {
  constructor(lab, pad) {
    Object.assign(this, { lab, pad, element: $("#challenge"), kept: [], drawing: null });
    try {
      this.kept = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
    } catch {
      sessionStorage.removeItem(KEY);
    }
    pad.addEventListener("cleared", () => { this.drawing = null; });
    $("#delete-all").addEventListener("click", () => {
      this.kept = [];
      this.#store();
    });
    this.repaint();
  }

  show(result) {
    showVerdict($(".verdict", this.element), result, this.lab.networks);
    const bits = result?.found ? disagreement(result.networks) : 0;
    const share = Math.min(1, bits / Math.log2(Math.max(2, Math.min(10, this.lab.networks.length))));
    $(".track", this.element).setAttribute("aria-valuenow", Math.round(100 * share));
    $(".track", this.element).setAttribute("aria-valuetext", bitsText(bits));
    $(".track i", this.element).style.transform = `scaleX(${share})`;
    $("#bits").textContent = bitsText(bits);
  }

  // Each drawing is kept once, at its largest disagreement.
  keep(result) {
    if (!result.found || new Set(result.networks.map(({ value }) => value)).size < 2) return;
    const bits = disagreement(result.networks);
    this.drawing ??= crypto.randomUUID?.() ?? `${Date.now()}`;
    const before = this.kept.find(({ id }) => id === this.drawing);
    if (before && before.bits >= bits) return;
    const found = {
      id: this.drawing, bits, input: result.input, answers: result.networks.map(({ value }) => value),
      strokes: this.pad.picture ? null : this.pad.strokes,
    };
    const others = this.kept.filter((each) => each !== before);
    this.kept = [found, ...others].sort((one, other) => other.bits - one.bits).slice(0, SHOWN);
    this.#store();
  }

  repaint() {
    $("#delete-all").hidden = !this.kept.length;
    $("#gallery").replaceChildren(...this.kept.map((found, rank) => {
      const canvas = make("canvas", { class: "pixels", role: "img", "aria-label": "the drawing's pixels" });
      showInk(canvas, found.input);
      const [answers, bits] = [tally(found.answers), bitsText(found.bits)];
      const label = `Put drawing ${rank + 1} back on the pad: ${answers}, ${bits}`;
      return make("li", {}, make("button", { type: "button", "aria-label": label, onclick: () => this.#restore(found) },
        canvas, make("b", {}, answers), make("small", {}, bits)));
    }));
    if (!this.kept.length) {
      const none = "None yet. Try a closed 4, a 7 with a base line, a 1 with a long flag.";
      $("#gallery").append(make("li", { class: "note" }, none));
    }
  }

  async #restore(found) {
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
    sessionStorage.setItem(KEY, JSON.stringify(this.kept));
    this.repaint();
  }
}
