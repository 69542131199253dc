// The page: opens views, and gives each response of the service to the views that show it.

import * as api from "./api.js";
import { Challenge } from "./challenge.js";
import { Compare } from "./compare.js";
import { $, choices, percent } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Hands } from "./hands.js";
import { Inside } from "./inside.js";
import { forgetColors } from "./pixels.js";
import { NumberView } from "./number_view.js";
import { pictures } from "./pictures.js";
import { Training } from "./training.js";
import { verdictOf } from "./votes.js";

const DRAWING_VIEWS = ["compare", "inside", "challenge"];
const VIEWS = [...DRAWING_VIEWS, "numbers", "training"];
const lab = { networks: [], hand: "fast", chosen: null, view: null, result: null, notice };

function notice(error) {
  $("#notice").textContent = error ? error.message : "";
}

const drawing = new Drawing(lab);
const numbers = new NumberView(lab);
const compare = new Compare(lab);
const inside = new Inside(lab);
const hands = new Hands(lab);
const challenge = new Challenge(lab, drawing.pad);
const training = new Training(lab);
const usesPad = () => DRAWING_VIEWS.includes(lab.view);
const files = pictures(() => (usesPad() ? drawing.pad : lab.view === "numbers" ? numbers.pad : null), notice);

// Hidden views are updated when they are opened.
function update() {
  compare.show(lab.result);
  challenge.show(lab.result);
  if (lab.view === "inside") inside.show(lab.result);
  if (usesPad()) hands.show(lab.result);
}
drawing.addEventListener("result", update);
drawing.addEventListener("pause", () => {
  challenge.keep(lab.result);
  const { found, reader, networks } = lab.result;
  const prefix = reader ? `The reader says ${reader.value} (${percent(reader.confidence)}). ` : "";
  $("#status").textContent = found ? `${prefix}${verdictOf(networks).text}.` : "No digit found.";
});
hands.addEventListener("hand", () => drawing.request());

for (const tools of document.querySelectorAll(".tools:not(dialog *)")) {
  const pad = tools.closest("#numbers") ? numbers.pad : drawing.pad;
  const actions = { undo: () => pad.undo(), clear: () => pad.clear(), pick: files.pick, camera: files.camera };
  tools.addEventListener("click", (event) => actions[event.target.dataset.do]?.());
  $("[data-do=brush]", tools).addEventListener("input", (event) => { pad.brush = event.target.valueAsNumber / 100; });
  pad.addEventListener("change", () => {
    for (const name of ["undo", "clear"]) $(`[data-do=${name}]`, tools).disabled = pad.empty;
  });
}

function open() {
  const [view, name] = decodeURIComponent(location.hash.slice(1)).split("/");
  lab.view = VIEWS.includes(view) ? view : "compare";
  if (lab.networks.some((network) => network.name === name)) choose(name);
  for (const each of VIEWS) $(`#${each}`).hidden = each !== lab.view;
  $("#desk").hidden = !usesPad();
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.hash === `#${lab.view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${$(`.top nav a[href="#${lab.view}"]`).textContent} · byhand lab`;
  training.activate(lab.view === "training");
  update();
}

function choose(name) {
  lab.chosen = name;
  choices($("#choose"), "network", lab.networks.map((network) => [network.name, network.name]), name, (chosen) => {
    history.replaceState(null, "", `#inside/${encodeURIComponent(chosen)}`);
    lab.chosen = chosen;
    update();
  });
}

function repaint() {
  forgetColors();
  drawing.pad.paint();
  numbers.repaint();
  drawing.show();
  challenge.repaint();
  training.repaint();
  inside.reset();
  update();
}
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", repaint);
$("#theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("byhand-theme", root.dataset.theme);
  repaint();
});

addEventListener("hashchange", open);
open();
try {
  const content = await api.networks();
  lab.networks = content.networks;
  hands.list(content.hands);
  choose(content.networks.find((network) => network.name === "mlp")?.name ?? content.networks[0].name);
  compare.build();
  open();
} catch (error) {
  notice(error);
}
document.documentElement.dataset.ready = "";
