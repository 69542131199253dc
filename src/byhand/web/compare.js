// Every network side by side: a row each, its ten bars, and who disagrees.

import { $, count, make, percent, time } from "./dom.js";
import { showVerdict, verdictOf } from "./votes.js";

const KINDS = {
  softmax: "softmax regression", mlp: "multilayer perceptron", elman: "Elman network", lstm: "long short-term memory",
  gru: "gated recurrent unit", cnn: "convolutional network",
};
const HEADS = ["Network", "Answer", "Ten probabilities", "Confidence"];
const WIDE_HEADS = ["Test accuracy", "Parameters", "Time"]; // where there is room
const DIGITS = [...Array(10).keys()];

export class Compare {
  constructor(lab) {
    this.lab = lab;
    this.rows = new Map();
    this.place = $("#compare");
  }

  build() {
    const heads = [
      ...HEADS.map((text) => make("th", { scope: "col" }, text)),
      ...WIDE_HEADS.map((text) => make("th", { scope: "col", class: "wide-only" }, text)),
    ];
    const rows = this.lab.networks.map((network) => this.#row(network));
    $(".networks", this.place).replaceChildren(
      make("caption", { class: "unseen" }, "What every network reads in the drawing"),
      make("thead", {}, make("tr", {}, ...heads)),
      make("tbody", {}, ...rows),
    );
  }

  #row({ name, kind, origin, parameters, test_accuracy: accuracy }) {
    const tested = accuracy === null ? "–" : percent(accuracy, 2);
    const parts = {
      answer: make("td", { class: "answer" }, "–"),
      bars: DIGITS.map((digit) => make("span", {}, make("i"), `${digit}`)),
      box: make("div", { role: "img", "aria-label": "no probabilities yet" }),
      chance: make("td", { class: "chance" }, "–"),
      time: make("td", { class: "wide-only" }, "–"),
    };
    parts.box.append(...parts.bars);
    parts.row = make("tr", {},
      make("th", { scope: "row" },
        make("a", { href: `#inside/${encodeURIComponent(name)}`, title: `Look inside ${name}` }, name),
        make("small", {}, origin === "run" ? "your own run" : KINDS[kind] ?? kind),
        make("small", { class: "facts" }, `${tested} · ${count(parameters)}`)),
      parts.answer, make("td", { class: "bars" }, parts.box), parts.chance,
      make("td", { class: "wide-only" }, tested), make("td", { class: "wide-only" }, count(parameters)), parts.time);
    this.rows.set(name, parts);
    return parts.row;
  }

  show(seen) {
    showVerdict($(".verdict", this.place), seen, this.lab.networks);
    const read = new Map((seen?.networks ?? []).map((each) => [each.name, each]));
    const most = seen?.found ? verdictOf(seen.networks).most : null;
    for (const [name, parts] of this.rows) {
      const { value = null, probabilities, microseconds } = read.get(name) ?? {};
      const other = value !== null && value !== most;
      const words = other ? make("span", { class: "unseen" }, ", unlike most") : "";
      parts.answer.replaceChildren(`${value ?? "–"}`, words);
      parts.chance.textContent = probabilities ? percent(probabilities[value]) : "–";
      parts.time.textContent = probabilities ? time(microseconds) : "–";
      parts.row.classList.toggle("other", other);
      parts.box.setAttribute("aria-label", probabilities ? inWords(probabilities) : "no probabilities yet");
      parts.bars.forEach((bar, digit) => {
        bar.firstChild.style.transform = `scaleY(${Math.max(0.03, probabilities?.[digit] ?? 0)})`;
        bar.classList.toggle("most", digit === value);
      });
    }
  }
}

function inWords(probabilities) {
  const ranked = DIGITS.filter((digit) => probabilities[digit] >= 0.01);
  ranked.sort((one, other) => probabilities[other] - probabilities[one]);
  return ranked.map((digit) => `${digit}: ${percent(probabilities[digit], 0)}`).join(", ");
}
