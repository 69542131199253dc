// The three hands: which one reads, how long each takes for the chosen network, and how far apart they are.

import * as api from "./api.js";
import { $, choices, time } from "./dom.js";
import { latest, settled } from "./latest.js";

export class Hands extends EventTarget {
  constructor(lab) {
    super();
    Object.assign(this, { lab, names: [], asked: "" });
    this.measure = latest(
      (signal) => api.hands(lab.chosen, lab.seen.input, signal),
      (told) => this.#told(told),
      (error) => lab.notice(error),
    );
    this.still = settled(() => { if (lab.seen?.input && lab.chosen) this.measure.ask(); }, 400);
  }

  offer(names) {
    this.names = names;
    this.#list({});
  }

  show(seen) {
    const asked = seen?.input ? `${this.lab.chosen} ${seen.input}` : "";
    if (asked === this.asked) return;
    this.asked = asked;
    // What is being measured is of another network or drawing than the one that is in view now.
    this.measure.cancel();
    if (asked) this.still.soon();
    else {
      this.still.cancel();
      for (const each of document.querySelectorAll("#hands small")) each.textContent = "–";
      $("#hands-differ").textContent = "";
    }
  }

  #list() {
    choices($("#hands"), "hand", this.names.map((name) => [name, name, "–"]), this.lab.hand, (hand) => {
      this.lab.hand = hand;
      this.dispatchEvent(new Event("hand"));
    });
  }

  #told({ hands, largest_difference: difference }) {
    for (const { hand, microseconds } of hands) {
      $(`#hands [value=${hand}] + span small`).textContent = time(microseconds);
    }
    const apart = difference === 0 ? "the same to the last bit" : `at most ${difference.toExponential(1)} apart`;
    $("#hands-differ").textContent = hands.length > 1 ? `${this.lab.chosen}, ten logits: ${apart}` : this.lab.chosen;
  }
}
