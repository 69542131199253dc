// Whole numbers: a pad or a picture with several digits, a box around each, dashed where the reader is unsure;
// what belongs to no digit is dotted.

import * as api from "./api.js";
import { $, make, percent, plural } from "./dom.js";
import { showStages } from "./drawing.js";
import { latest, debounce } from "./requests.js";
import { css } from "./pixels.js";
import { Pad } from "./pad.js";

export class NumberView {
  constructor(lab) {
    this.lab = lab;
    this.reading = null;
    this.pad = new Pad($("#slate"), { sentWidth: 800, brush: 2.5 });
    const onError = (error) => {
      this.#receive(null);
      lab.notice(error);
    };
    const read = (explain) => (signal) => api.read(this.pad.body(), { single: false, explain }, signal);
    this.read = latest(read(false), (reading) => this.#receive(reading), onError);
    this.explain = latest(
      read(true),
      (reading) => showStages($("#slate-stages"), reading.stages),
      onError,
    );
    this.pause = debounce(() => { if (!this.pad.drawing && !this.read.busy && this.reading) this.#onPause(); }, 500);
    this.pad.addEventListener("change", () => {
      this.pause.cancel();
      if (this.pad.empty) this.#reset();
      else this.read.ask();
    });
    this.pad.addEventListener("cleared", () => this.#reset());
    new ResizeObserver(() => this.#boxes()).observe($("#boxes"));
  }

  #reset() {
    this.read.cancel();
    this.explain.cancel();
    this.pause.cancel();
    $("#slate-stages").replaceChildren();
    this.#receive(null);
  }

  #onPause() {
    this.explain.ask();
    const { digits, text } = this.reading;
    const unsure = digits.filter((digit) => digit.unsure).length;
    const doubt = (unsure ? `, unsure of ${unsure}` : "") + leftOut(this.reading, ", ");
    $("#status").textContent = digits.length ? `The reader says ${text}${doubt}.` : `No digit found${doubt}.`;
  }

  #receive(reading) {
    this.reading = reading;
    if (reading) {
      this.lab.notice(null);
      this.pause.start();
    }
    const digits = reading?.digits ?? [];
    const shown = digits.flatMap(({ value, unsure, line }, i) => [
      i && line !== digits[i - 1].line ? "\n" : "", make(unsure ? "mark" : "span", {}, `${value}`),
    ]);
    $("#text").replaceChildren(...(shown.length ? shown : [reading ? "?" : "–"]));
    $("#text-note").textContent = reading ? summary(reading) : "";
    this.#table(digits);
    this.#boxes();
  }

  #table(digits) {
    const table = $(".digits");
    table.hidden = !digits.length;
    const row = ({ value, confidence, top, unsure }) => make("tr", { class: unsure ? "unsure" : null },
      make("th", { scope: "row" }, `${value}`), make("td", {}, `${percent(confidence)}${unsure ? ", unsure" : ""}`),
      make("td", {}, alternatives(top.slice(1)) || "–"));
    const heads = ["Digit", "Confidence", "Alternatives"].map((text) => make("th", { scope: "col" }, text));
    table.replaceChildren(
      make("caption", { class: "visually-hidden" }, "The digits in reading order"),
      make("thead", {}, make("tr", {}, ...heads)),
      make("tbody", {}, ...digits.map(row)));
  }

  #boxes() {
    const canvas = $("#boxes");
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    if (!width) return;
    Object.assign(canvas, { width, height: Math.round(canvas.clientHeight * devicePixelRatio) });
    if (!this.reading) return;
    const context = canvas.getContext("2d");
    const [left, top, pixel] = this.pad.place(...this.reading.size);
    const type = Math.max(15 * devicePixelRatio, width / 45);
    context.font = `700 ${type}px system-ui, sans-serif`;
    context.lineWidth = Math.max(2 * devicePixelRatio, width / 450);
    context.textBaseline = "middle";
    context.textAlign = "center";
    const margin = context.lineWidth * 2;
    const onPad = (box) => box.map((place, i) => ((i % 2 ? top : left) + place * pixel) * width);
    for (const { kind, box } of this.reading.unread) {
      const [l, t, r, b] = onPad(box);
      context.strokeStyle = css(kind === "ink" ? "orange" : "muted");
      context.setLineDash([context.lineWidth, margin]);
      context.strokeRect(l - margin, t - margin, r - l + 2 * margin, b - t + 2 * margin);
    }
    for (const { value, box, unsure } of this.reading.digits) {
      const [l, t, r, b] = onPad(box);
      context.strokeStyle = context.fillStyle = css(unsure ? "orange" : "blue");
      context.setLineDash(unsure ? [margin * 1.5, margin] : []);
      context.strokeRect(l - margin, t - margin, r - l + 2 * margin, b - t + 2 * margin);
      const label = unsure ? `${value}?` : `${value}`;
      const wide = context.measureText(label).width + type * 0.5;
      const high = t - margin - type * 1.15 > 0 ? t - margin - type * 1.15 : b + margin;
      context.fillRect(l - margin - context.lineWidth / 2, high, wide, type * 1.15);
      context.fillStyle = unsure ? "#1a1300" : css("paper");
      context.fillText(label, l - margin - context.lineWidth / 2 + wide / 2, high + type * 0.6);
    }
  }

  repaint() {
    this.pad.paint();
    this.#boxes();
  }
}

const alternatives = (guesses) => guesses
  .filter(({ probability }) => probability >= 0.001)
  .map(({ value, probability }) => `${value} (${percent(probability)})`)
  .join(", ");

const KINDS = { ink: "ink", rule: "ruled lines", border: "ink along the border", speck: "specks" };

// What belongs to no digit, or nothing.
function leftOut({ unread }, before) {
  const kinds = Object.keys(KINDS).filter((kind) => unread.some((one) => one.kind === kind));
  return kinds.length ? `${before}in no digit: ${kinds.map((kind) => KINDS[kind]).join(", ")} (dotted)` : "";
}

function summary(reading) {
  const { digits, milliseconds } = reading;
  if (!digits.length) return `no digit found${leftOut(reading, " · ")}`;
  const unsure = digits.filter((digit) => digit.unsure).length;
  const doubt = unsure ? ` · unsure of ${unsure}, marked with a dashed line` : "";
  return `${plural(digits.length, "digit")} in ${milliseconds.toFixed(0)} ms${doubt}${leftOut(reading, " · ")}`;
}
