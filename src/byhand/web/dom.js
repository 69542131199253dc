// Helpers to create elements and format numbers.

export const $ = (query, within = document) => within.querySelector(query);

const SVG = "http://www.w3.org/2000/svg";
const HTML = "http://www.w3.org/1999/xhtml";

// make("td", { class: "answer", title: "…" }, "7", other): attributes, then children; text is never read as HTML.
export function make(tag, attributes = {}, ...children) {
  const [space, name] = tag.startsWith("svg:") ? [SVG, tag.slice(4)] : [HTML, tag];
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Radio buttons: choices(fieldset, "hand", [["numpy", "numpy", "41 µs"]], "numpy", chosen).
export function choices(fieldset, name, options, checked, onchoose) {
  const legend = $("legend", fieldset);
  const labels = options.map(([value, text, more]) =>
    make("label", { class: "choice" },
      make("input", { type: "radio", name, value, checked: value === checked, onchange: () => onchoose(value) }),
      make("span", {}, text, more === undefined ? null : make("small", {}, more))));
  fieldset.replaceChildren(legend, ...labels);
}

const grouped = new Intl.NumberFormat("en");
export const count = (value) => grouped.format(value);
// As byhand.viz.style.percent: without places, as few decimals as show that a probability is neither 0 nor 1.
export function percent(value, places) {
  const text = (digits) => (100 * value).toFixed(digits);
  if (places !== undefined) return `${text(places)} %`;
  const digits = [0, 1, 2].find((each) => ![0, 100].includes(Number(text(each))));
  if (digits === undefined) return value < 0.5 ? "<0.01 %" : ">99.99 %";
  return `${text(digits)} %`;
}
export const time = (microseconds) =>
  (microseconds < 1000 ? `${microseconds.toFixed(0)} µs` : `${(microseconds / 1000).toFixed(1)} ms`);
export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;
