// All networks side by side: a row for each with its ten probabilities; minority predictions stand out.

import { $, count, make, percent, time } from "./dom.js";
import { showVerdict, verdictOf } from "./votes.js";

const KINDS = {
  softmax: "softmax regression", mlp: "multilayer perceptron", elman: "Elman network", lstm: "long short-term memory",
  gru: "gated recurrent unit", cnn: "convolutional network", vit: "vision transformer",
};
const HEADINGS = ["Network", "Prediction", "Probabilities", "Confidence"];
const WIDE_HEADINGS = ["Test accuracy", "Parameters", "Time"]; // on wide screens
const DIGITS = [...Array(10).keys()];

export class Compare {
  constructor(lab) {
    this.lab = lab;
    this.rows = new Map();
    this.element = $("#compare");
  }

  build() {
    const headings = [
      ...HEADINGS.map((text) => make("th", { scope: "col" }, text)),
      ...WIDE_HEADINGS.map((text) => make("th", { scope: "col", class: "wide-only" }, text)),
    ];
    const rows = this.lab.networks.map((network) => this.#row(network));
    $(".networks", this.element).replaceChildren(
      make("caption", { class: "visually-hidden" }, "Each network's prediction for the drawing"),
      make("thead", {}, make("tr", {}, ...headings)),
      make("tbody", {}, ...rows),
    );
  }

  #row({ name, kind, origin, parameters, test_accuracy: accuracy }) {
    const accuracyText = accuracy === null ? "–" : percent(accuracy, 2);
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
        make("small", { class: "facts" }, `${accuracyText} · ${count(parameters)}`)),
      parts.answer, make("td", { class: "bars" }, parts.box), parts.chance,
      make("td", { class: "wide-only" }, accuracyText), make("td", { class: "wide-only" }, count(parameters)), parts.time);
    this.rows.set(name, parts);
    return parts.row;
  }

  show(result) {
    showVerdict($(".verdict", this.element), result, this.lab.networks);
    const predictions = new Map((result?.networks ?? []).map((each) => [each.name, each]));
    const most = result?.found ? verdictOf(result.networks).most : null;
    for (const [name, parts] of this.rows) {
      const { value = null, probabilities, microseconds } = predictions.get(name) ?? {};
      const other = value !== null && value !== most;
      const note = other ? make("span", { class: "visually-hidden" }, ", unlike most networks") : "";
      parts.answer.replaceChildren(`${value ?? "–"}`, note);
      parts.chance.textContent = probabilities ? percent(probabilities[value]) : "–";
      parts.time.textContent = probabilities ? time(microseconds) : "–";
      parts.row.classList.toggle("other", other);
      parts.box.setAttribute("aria-label", probabilities ? probabilitiesText(probabilities) : "no probabilities yet");
      parts.bars.forEach((bar, digit) => {
        bar.firstChild.style.transform = `scaleY(${Math.max(0.03, probabilities?.[digit] ?? 0)})`;
        bar.classList.toggle("most", digit === value);
      });
    }
  }
}

function probabilitiesText(probabilities) {
  const ranked = DIGITS.filter((digit) => probabilities[digit] >= 0.01);
  ranked.sort((one, other) => probabilities[other] - probabilities[one]);
  return ranked.map((digit) => `${digit}: ${percent(probabilities[digit], 0)}`).join(", ");
}
