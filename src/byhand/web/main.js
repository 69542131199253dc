// The page: which view is open, and one answer from the service given to all that show it.

import * as api from "./api.js";
import { Challenge } from "./challenge.js";
import { Compare } from "./compare.js";
import { $, choices, percent } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Hands } from "./hands.js";
import { Inside } from "./inside.js";
import { forgetColours } from "./marks.js";
import { Numbers } from "./numbers.js";
import { pictures } from "./pictures.js";
import { Training } from "./training.js";
import { verdictOf } from "./votes.js";

const ON_DESK = ["compare", "inside", "challenge"];
const VIEWS = [...ON_DESK, "numbers", "training"];
const lab = { networks: [], hand: "numpy", chosen: null, view: null, seen: null, notice };

function notice(error) {
  $("#notice").textContent = error ? error.message : "";
}

const drawing = new Drawing(lab);
const numbers = new Numbers(lab);
const compare = new Compare(lab);
const inside = new Inside(lab);
const hands = new Hands(lab);
const challenge = new Challenge(lab, drawing.pad);
const training = new Training(lab);
const onDesk = () => ON_DESK.includes(lab.view);
const files = pictures(() => (onDesk() ? drawing.pad : lab.view === "numbers" ? numbers.pad : null), notice);

// Every answer goes to what is in view; what is not is told when it is opened.
function tell() {
  compare.show(lab.seen);
  challenge.show(lab.seen);
  if (lab.view === "inside") inside.show(lab.seen);
  if (onDesk()) hands.show(lab.seen);
}
drawing.addEventListener("seen", tell);
drawing.addEventListener("still", () => {
  challenge.keep(lab.seen);
  const { found, reader, networks } = lab.seen;
  const says = reader ? `The reader says ${reader.value}, ${percent(reader.confidence, 0)}. ` : "";
  $("#said").textContent = found ? `${says}${verdictOf(networks).text}.` : "No digit was found.";
});
hands.addEventListener("hand", () => drawing.again());

for (const tools of document.querySelectorAll(".tools:not(dialog *)")) {
  const pad = tools.closest("#numbers") ? numbers.pad : drawing.pad;
  const acts = { undo: () => pad.undo(), clear: () => pad.clear(), pick: files.pick, camera: files.camera };
  tools.addEventListener("click", (event) => acts[event.target.dataset.do]?.());
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
  $("#desk").hidden = !onDesk();
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.hash === `#${lab.view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${$(`.top nav a[href="#${lab.view}"]`).textContent} · byhand lab`;
  training.watch(lab.view === "training");
  tell();
}

function choose(name) {
  lab.chosen = name;
  choices($("#choose"), "network", lab.networks.map((network) => [network.name, network.name]), name, (chosen) => {
    history.replaceState(null, "", `#inside/${encodeURIComponent(chosen)}`);
    lab.chosen = chosen;
    tell();
  });
}

function repaint() {
  forgetColours();
  drawing.pad.paint();
  numbers.repaint();
  drawing.show();
  challenge.repaint();
  training.repaint();
  inside.forget();
  tell();
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
  const told = await api.networks();
  lab.networks = told.networks;
  hands.offer(told.hands);
  choose(told.networks.find((network) => network.name === "mlp")?.name ?? told.networks[0].name);
  compare.build();
  open();
} catch (error) {
  notice(error);
}
document.documentElement.dataset.ready = "";
