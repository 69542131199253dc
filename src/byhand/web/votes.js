// Agreement between the networks.

import { make } from "./dom.js";

// The majority prediction, and a sentence about the votes.
export function verdictOf(networks) {
  const votes = new Map();
  for (const { value } of networks) votes.set(value, (votes.get(value) ?? 0) + 1);
  // Ties are broken by the mean probability.
  const before = (one, other) => other[1] - one[1] || mean(networks, other[0]) - mean(networks, one[0]);
  const [[most, number], ...others] = [...votes].sort(before);
  const rest = others.map(([value, count]) => `${count} ${count === 1 ? "says" : "say"} ${value}`);
  const text = others.length
    ? [`${number} of ${networks.length} say ${most}`, ...rest].join(", ")
    : `All ${networks.length} networks say ${most}`;
  return { most, text };
}

const mean = (networks, value) => networks.reduce((sum, each) => sum + each.probabilities[value], 0) / networks.length;

// Jensen-Shannon divergence in bits: the entropy of the mean minus the mean of the entropies; 0 if all agree,
// at most log2 of the number of networks. Source: J. Lin, Divergence measures based on the Shannon entropy, 1991.
export function disagreement(networks) {
  const entropy = (probabilities) => -probabilities.reduce((sum, p) => (p > 0 ? sum + p * Math.log2(p) : sum), 0);
  const middle = Array.from({ length: 10 }, (_, value) => mean(networks, value));
  const own = networks.reduce((sum, each) => sum + entropy(each.probabilities), 0) / networks.length;
  return Math.max(0, entropy(middle) - own);
}

export function showVerdict(element, result, names) {
  if (!result?.found) {
    const text = result ? "No digit found" : "Draw a digit";
    element.replaceChildren(make("strong", {}, text), make("div", { class: "votes", "aria-hidden": "true" },
      ...names.map(() => make("span", { class: "none" }, "·"))));
    return;
  }
  const { most, text } = verdictOf(result.networks);
  const votes = result.networks.map(({ name, value }) =>
    make("span", { class: value === most ? null : "other", title: `${name} says ${value}` }, `${value}`));
  element.replaceChildren(make("strong", {}, text), make("div", { class: "votes", "aria-hidden": "true" }, ...votes));
}

// Predictions, the most frequent first.
export const tally = (values) => {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ranked = [...counts].sort((one, other) => other[1] - one[1]);
  return ranked.flatMap(([value, times]) => Array(times).fill(value)).join(" ");
};

export const bitsText = (bits) => `${bits.toFixed(2)} bits`;
