// The hands: which one computes, the time of each for the chosen network, and their largest difference.

import * as api from "./api.js";
import { $, choices, time } from "./dom.js";
import { latest, debounce } from "./requests.js";

export class Hands extends EventTarget {
  constructor(lab) {
    super();
    Object.assign(this, { lab, names: [], measured: "" });
    this.measure = latest(
      (signal) => api.hands(lab.chosen, lab.result.input, signal),
      (result) => this.#show(result),
      (error) => lab.notice(error),
    );
    this.pause = debounce(() => { if (lab.result?.input && lab.chosen) this.measure.ask(); }, 400);
  }

  list(names) {
    this.names = names;
    this.#build();
  }

  show(result) {
    const wanted = result?.input ? `${this.lab.chosen} ${result.input}` : "";
    if (wanted === this.measured) return;
    this.measured = wanted;
    // A pending measurement is of another network or drawing.
    this.measure.cancel();
    if (wanted) this.pause.start();
    else {
      this.pause.cancel();
      for (const each of document.querySelectorAll("#hands small")) each.textContent = "–";
      $("#hands-difference").textContent = "";
    }
  }

  #build() {
    choices($("#hands"), "hand", this.names.map((name) => [name, name, "–"]), this.lab.hand, (hand) => {
      this.lab.hand = hand;
      this.dispatchEvent(new Event("hand"));
    });
  }

  #show({ hands, largest_difference: difference }) {
    for (const { hand, microseconds } of hands) {
      $(`#hands [value=${hand}] + span small`).textContent = time(microseconds);
    }
    const text = difference === 0 ? "identical" : `largest difference ${difference.toExponential(1)}`;
    $("#hands-difference").textContent = hands.length > 1 ? `${this.lab.chosen}, logits: ${text}` : this.lab.chosen;
  }
}
