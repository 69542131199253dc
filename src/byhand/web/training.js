// Training: start a small network or show a run; its curve, confusion matrix and first layer's weights.

import * as api from "./api.js";
import { curve, shownSplit } from "./chart.js";
import { $, choices, make, percent, plural } from "./dom.js";
import { colors, largest, image, show } from "./pixels.js";

const INTERVAL = 700; // milliseconds between updates
const SHOWN = 48; // units whose weights are drawn

export class Training {
  constructor(lab) {
    Object.assign(this, { lab, active: false, chosen: null, timer: 0, turn: 0, run: null, listed: "", lost: false });
    this.element = $("#progress");
    $("#start").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start(new FormData(event.target));
    });
  }

  activate(active) {
    if (active === this.active) return;
    this.active = active;
    clearTimeout(this.timer);
    this.turn += 1;
    if (active) this.#update();
  }

  repaint() {
    if (this.run) this.#show(this.run);
  }

  async #start(form) {
    try {
      const { id } = await api.startTraining({ ...Object.fromEntries(form), epochs: Number(form.get("epochs")) });
      this.lab.notice(null);
      this.chosen = id;
      await this.#update();
    } catch (error) {
      // This service does not allow trainings to be started.
      if (error.status === 403) $("#start").hidden = true;
      this.lab.notice(error);
    }
  }

  // A newer update discards an older one that is still pending.
  async #update() {
    clearTimeout(this.timer);
    this.turn += 1;
    const { turn } = this;
    try {
      const { trainings } = await api.trainings();
      this.chosen ??= (trainings.find(({ state }) => state === "running") ?? trainings[0])?.id ?? null;
      const run = this.chosen && await api.training(this.chosen);
      if (turn !== this.turn) return;
      this.#list(trainings);
      if (run) this.#show(run);
      else this.element.replaceChildren(note("No run yet. Start one: softmax regression trains in seconds."));
      if (this.lost) this.lab.notice(null);
      this.lost = false;
    } catch (error) {
      if (turn !== this.turn) return;
      this.lost = true;
      this.lab.notice(error);
      // Do not ask for the token again and again.
      if (error.status === 401) return;
      // The run was deleted; choose another.
      if (error.status === 404) this.chosen = null;
    }
    if (turn === this.turn && this.active) this.timer = setTimeout(() => this.#update(), INTERVAL);
  }

  #list(trainings) {
    const listed = JSON.stringify([trainings, this.chosen]);
    if (listed === this.listed) return;
    this.listed = listed;
    const focused = $("#runs").contains(document.activeElement);
    const option = ({ id, name, state, epoch, epochs }) =>
      [id, name, state === "running" ? `${epoch}/${epochs}` : state];
    choices($("#runs"), "run", trainings.map(option), this.chosen, (id) => {
      this.chosen = id;
      this.#update();
    });
    if (focused) $("#runs :checked")?.focus();
  }

  #show(run) {
    const fresh = run.id !== this.run?.id;
    if (fresh) this.#build(run);
    this.run = run;
    const { state, epoch, epochs, log, confusion, filters, detail } = run;
    const last = log.at(-1);
    const [split, name] = shownSplit(log);
    const parts = this.parts;
    parts.state.textContent = `${run.id}: ${state}, ${epoch} of ${plural(epochs, "epoch")}`;
    const accuracy = last ? `${name} accuracy ${percent(last[`${split}_accuracy`], 2)}` : "";
    parts.accuracy.textContent = detail ?? (accuracy || (state === "running" ? "first epoch in progress" : ""));
    parts.stop.hidden = state !== "running";
    parts.curve.replaceChildren(curve(log, epochs));
    fillConfusion(parts.confusion, confusion);
    parts.filters.setAttribute("aria-label", filters ? "Weights of the first layer, one picture per unit" : "none yet");
    parts.shown.textContent = !filters ? "after the first epoch" :
      `${Math.min(filters.shape[0], SHOWN)} of ${plural(filters.shape[0], "unit")}; blue positive, vermilion negative`;
    if (filters) showFilters(parts.filters, filters);
  }

  #build({ id }) {
    const stopIt = () => api.stopTraining(id).then(() => this.#update(), (error) => this.lab.notice(error));
    this.parts = {
      state: make("strong"), accuracy: make("span"), curve: make("div", { class: "curve" }),
      stop: make("button", { type: "button", onclick: stopIt }, "Stop"), confusion: confusionTable(),
      filters: make("canvas", { class: "filters", role: "img", width: 463, height: 86 }), shown: note(),
    };
    const { state, accuracy, stop, curve: line, confusion, filters, shown } = this.parts;
    this.element.replaceChildren(
      make("p", { class: "progress wide" }, state, accuracy, stop),
      card("Curve", "after every epoch", line),
      card("Confusion", "rows: labels, columns: predictions", confusion),
      make("div", { class: "card wide" }, make("header", {}, make("h3", {}, "First layer's weights"), shown), filters));
  }
}

const note = (...words) => make("p", { class: "note" }, ...words);

function card(title, words, ...children) {
  return make("div", { class: "card" }, make("header", {}, make("h3", {}, title), note(words)), ...children);
}

const DIGITS = [...Array(10).keys()];

function confusionTable() {
  const head = make("tr", {}, make("td"), ...DIGITS.map((digit) => make("th", { scope: "col" }, `${digit}`)));
  const cells = () => DIGITS.map(() => make("td", {}, "\u00a0"));
  const rows = DIGITS.map((digit) => make("tr", {}, make("th", { scope: "row" }, `${digit}`), ...cells()));
  return make("table", { class: "confusion" },
    make("caption", { class: "visually-hidden" }, "Number of predictions for each label"),
    make("thead", {}, head), make("tbody", {}, ...rows));
}

function fillConfusion(table, confusion) {
  const { blue, vermilion, paper } = colors();
  const most = confusion ? Math.max(1, ...confusion.flat()) : 1;
  DIGITS.forEach((row) => DIGITS.forEach((column) => {
    const cell = table.tBodies[0].rows[row].cells[column + 1];
    const number = confusion?.[row][column] ?? 0;
    cell.textContent = number || "\u00a0";
    // The square root makes the few errors visible; blue is right, vermilion wrong.
    const share = 0.45 * Math.sqrt(number / most);
    const full = row === column ? blue : vermilion;
    const mixed = paper.map((from, i) => Math.round(from + share * (full[i] - from)));
    cell.style.backgroundColor = `rgb(${mixed.join(" ")})`;
  }));
}

function showFilters(canvas, { shape, pictures: values }) {
  // Weights that are no pictures are drawn as one row per unit.
  const [tall, wide] = shape.length > 2 ? shape.slice(1) : [1, shape[1]];
  const number = Math.min(shape[0], SHOWN);
  const columns = Math.min(number, 16);
  const rows = Math.ceil(number / columns);
  const [across, down] = [columns * (wide + 1) - 1, rows * (tall + 1) - 1];
  const limit = largest(values) * 0.8;
  show(canvas, image(across, down, (i) => {
    const [x, y] = [i % across, Math.floor(i / across)];
    const [column, row] = [x % (wide + 1), y % (tall + 1)];
    const unit = Math.floor(y / (tall + 1)) * columns + Math.floor(x / (wide + 1));
    return column === wide || row === tall || unit >= number ? 0 : values[unit * tall * wide + row * wide + column];
  }, limit));
}
