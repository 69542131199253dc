// The learning curve: validation accuracy and loss after every epoch; of a run without validation digits, training's.

import { make, percent } from "./dom.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 360, 82, 24, 34, 42];

/** The split whose accuracy and loss are shown: its beginning in the log's names, and its name. */
export const shownSplit = (log) => log.at(-1)?.val_loss === null ? ["train", "training"] : ["val", "validation"];

export function curve(log, epochs) {
  const [split] = shownSplit(log);
  const loss = (entry) => entry[`${split}_loss`];
  const accuracy = (entry) => entry[`${split}_accuracy`];
  const last = Math.max(1, epochs);
  const x = (epoch) => LEFT + ((epoch - 1) / Math.max(1, last - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  const worst = Math.max(1e-9, ...log.map(loss));
  const least = Math.min(...log.map(accuracy));
  const lowest = log.length ? Math.min(0.9, Math.floor(10 * least) / 10) : 0;
  const share = (value) => (value - lowest) / (1 - lowest);
  const point = (height, i) => `${x(i + 1).toFixed(1)} ${y(height).toFixed(1)}`;
  const line = (name, height) => make("svg:path", {
    class: name, d: log.map((entry, i) => `${i ? "L" : "M"}${point(height(entry), i)}`).join(""),
  });
  const dot = (entry, i) =>
    make("svg:circle", { class: "dot accuracy", cx: x(i + 1), cy: y(share(accuracy(entry))), r: 5 });
  const text = (at, high, anchor, words) => make("svg:text", { x: at, y: high, "text-anchor": anchor }, words);
  const marks = [0, 0.25, 0.5, 0.75, 1].map((mark) => [mark, lowest + mark * (1 - lowest)]);
  const every = Math.ceil(last / 10);
  const ticks = [...Array(last).keys()].map((i) => i + 1).filter((epoch) => epoch === 1 || epoch % every === 0);
  const end = log.at(-1);
  const summary = end && `accuracy ${percent(accuracy(end), 2)}, loss ${loss(end).toPrecision(3)}`;
  const label = end ? `After epoch ${log.length}: ${summary}` : "No epoch yet";
  return make("svg:svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    ...marks.map(([mark]) => make("svg:path", { class: "axis", d: `M${LEFT} ${y(mark)}H${WIDTH - RIGHT}` })),
    ...marks.map(([mark, value]) => text(LEFT - 8, y(mark) + 4, "end", percent(value, lowest ? 1 : 0))),
    ...ticks.map((epoch) => text(x(epoch), HEIGHT - 12, "middle", `${epoch}`)),
    text(LEFT, 16, "start", "accuracy: line"),
    text(WIDTH - RIGHT, 16, "end", end ? `loss: dots, ${worst.toPrecision(2)} at the top` : ""),
    text(LEFT - 8, HEIGHT - 12, "end", "epoch"),
    line("loss", (entry) => loss(entry) / worst),
    line("accuracy", (entry) => share(accuracy(entry))),
    ...log.map(dot));
}
