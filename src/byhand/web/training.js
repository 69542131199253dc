// Training, live: start a small network or watch a run; its curve, what it mixes up, its first layer's weights.

import * as api from "./api.js";
import { curve } from "./chart.js";
import { $, choices, make, percent, plural } from "./dom.js";
import { colours, extreme, image, show } from "./marks.js";

const EVERY = 700; // milliseconds between looks at a run that is at work
const SHOWN = 48; // units whose weights are drawn, large enough for the back row
const WORDS = { running: "at work", done: "done", stopped: "stopped", failed: "failed" };

export class Training {
  constructor(lab) {
    Object.assign(this, { lab, watching: false, chosen: null, timer: 0, turn: 0, told: null, listed: "", lost: false });
    this.place = $("#watched");
    $("#start").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start(new FormData(event.target));
    });
  }

  watch(now) {
    if (now === this.watching) return;
    this.watching = now;
    clearTimeout(this.timer);
    this.turn += 1;
    if (now) this.#look();
  }

  repaint() {
    if (this.told) this.#show(this.told);
  }

  async #start(form) {
    try {
      const { id } = await api.startTraining({ ...Object.fromEntries(form), epochs: Number(form.get("epochs")) });
      this.lab.notice(null);
      this.chosen = id;
      await this.#look();
    } catch (error) {
      // A service for others may have it that nothing is started here.
      if (error.status === 403) $("#start").hidden = true;
      this.lab.notice(error);
    }
  }

  // A later look makes an earlier one that is still under way show nothing.
  async #look() {
    clearTimeout(this.timer);
    this.turn += 1;
    const { turn } = this;
    try {
      const { trainings } = await api.trainings();
      this.chosen ??= (trainings.find(({ state }) => state === "running") ?? trainings[0])?.id ?? null;
      const told = this.chosen && await api.training(this.chosen);
      if (turn !== this.turn) return;
      this.#list(trainings);
      if (told) this.#show(told);
      else this.place.replaceChildren(fact("No run yet. Start one: a softmax regression learns in seconds."));
      if (this.lost) this.lab.notice(null);
      this.lost = false;
    } catch (error) {
      if (turn !== this.turn) return;
      this.lost = true;
      this.lab.notice(error);
      // Who would not give the token is not asked for it every second.
      if (error.status === 401) return;
      // A run that is gone gives way to one that is there.
      if (error.status === 404) this.chosen = null;
    }
    if (turn === this.turn && this.watching) this.timer = setTimeout(() => this.#look(), EVERY);
  }

  #list(trainings) {
    const listed = JSON.stringify([trainings, this.chosen]);
    if (listed === this.listed) return;
    this.listed = listed;
    const focused = $("#runs").contains(document.activeElement);
    const option = ({ id, name, state, epoch, epochs }) =>
      [id, name, state === "running" ? `${epoch}/${epochs}` : WORDS[state]];
    choices($("#runs"), "run", trainings.map(option), this.chosen, (id) => {
      this.chosen = id;
      this.#look();
    });
    if (focused) $("#runs :checked")?.focus();
  }

  #show(told) {
    const fresh = told.id !== this.told?.id;
    if (fresh) this.#build(told);
    this.told = told;
    const { state, epoch, epochs, log, confusion, filters, detail } = told;
    const last = log.at(-1);
    const parts = this.parts;
    parts.state.textContent = `${told.id}: ${WORDS[state]}, ${epoch} of ${plural(epochs, "epoch")}`;
    const right = last ? `${percent(last.val_accuracy, 2)} of the validation digits right` : "";
    parts.accuracy.textContent = detail ?? (right || (state === "running" ? "the first epoch is under way" : ""));
    parts.stop.hidden = state !== "running";
    parts.curve.replaceChildren(curve(log, epochs));
    fillConfusion(parts.confusion, confusion);
    parts.filters.setAttribute("aria-label", filters ? "Weights of the first layer, a picture a unit" : "none yet");
    parts.shown.textContent = !filters ? "after the first epoch" :
      `${Math.min(filters.shape[0], SHOWN)} of ${plural(filters.shape[0], "unit")}; orange below nought, blue above`;
    if (filters) showFilters(parts.filters, filters);
  }

  #build({ id }) {
    const stopIt = () => api.stopTraining(id).then(() => this.#look(), (error) => this.lab.notice(error));
    this.parts = {
      state: make("strong"), accuracy: make("span"), curve: make("div", { class: "curve" }),
      stop: make("button", { type: "button", onclick: stopIt }, "Stop"), confusion: confusionTable(),
      filters: make("canvas", { class: "filters", role: "img", width: 463, height: 86 }), shown: fact(),
    };
    const { state, accuracy, stop, curve: line, confusion, filters, shown } = this.parts;
    this.place.replaceChildren(
      make("p", { class: "progress wide" }, state, accuracy, stop),
      card("Curve", "after every epoch", line),
      card("Confusion", "rows: the digit, columns: the answer", confusion),
      make("div", { class: "card wide" }, make("header", {}, make("h3", {}, "First layer's weights"), shown), filters));
  }
}

const fact = (...words) => make("p", { class: "fact" }, ...words);

function card(title, words, ...children) {
  return make("div", { class: "card" }, make("header", {}, make("h3", {}, title), fact(words)), ...children);
}

const DIGITS = [...Array(10).keys()];

function confusionTable() {
  const head = make("tr", {}, make("td"), ...DIGITS.map((digit) => make("th", { scope: "col" }, `${digit}`)));
  const cells = () => DIGITS.map(() => make("td", {}, "\u00a0"));
  const rows = DIGITS.map((digit) => make("tr", {}, make("th", { scope: "row" }, `${digit}`), ...cells()));
  return make("table", { class: "confusion" },
    make("caption", { class: "unseen" }, "How often each digit was given each answer"),
    make("thead", {}, head), make("tbody", {}, ...rows));
}

function fillConfusion(table, confusion) {
  const { blue, orange, paper } = colours();
  const most = confusion ? Math.max(1, ...confusion.flat()) : 1;
  DIGITS.forEach((row) => DIGITS.forEach((column) => {
    const cell = table.tBodies[0].rows[row].cells[column + 1];
    const number = confusion?.[row][column] ?? 0;
    cell.textContent = number || "\u00a0";
    // A root, so that the few mistakes are seen beside the many that are right; blue is right, orange wrong.
    const share = 0.45 * Math.sqrt(number / most);
    const full = row === column ? blue : orange;
    const mixed = paper.map((from, i) => Math.round(from + share * (full[i] - from)));
    cell.style.backgroundColor = `rgb(${mixed.join(" ")})`;
  }));
}

function showFilters(canvas, { shape, pictures: values }) {
  // Weights that lie on no picture are a row for each unit.
  const [tall, wide] = shape.length > 2 ? shape.slice(1) : [1, shape[1]];
  const number = Math.min(shape[0], SHOWN);
  const columns = Math.min(number, 16);
  const rows = Math.ceil(number / columns);
  const [across, down] = [columns * (wide + 1) - 1, rows * (tall + 1) - 1];
  const limit = extreme(values) * 0.8;
  show(canvas, image(across, down, (i) => {
    const [x, y] = [i % across, Math.floor(i / across)];
    const [column, row] = [x % (wide + 1), y % (tall + 1)];
    const unit = Math.floor(y / (tall + 1)) * columns + Math.floor(x / (wide + 1));
    return column === wide || row === tall || unit >= number ? 0 : values[unit * tall * wide + row * wide + column];
  }, limit));
}
