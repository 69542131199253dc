// Numbers as colours on canvases: nought is paper, more is blue, less is orange; ink is ink.

const SIDES = { blue: "--blue", orange: "--orange", ink: "--ink", paper: "--paper" };
let palette = null;

export function colours() {
  if (!palette) {
    const style = getComputedStyle(document.documentElement);
    palette = {};
    for (const [name, property] of Object.entries(SIDES)) {
      const hex = style.getPropertyValue(property).trim();
      palette[name] = [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
    }
  }
  return palette;
}
export const forgetColours = () => { palette = null; };
export const css = (name) => `rgb(${colours()[name].join(" ")})`;

// An image of width x height values; `limit` is the value of full colour. `at` finds the value of a pixel.
export function image(width, height, at, limit, positive = "blue") {
  const { paper, orange, [positive]: more } = colours();
  const made = new ImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    const share = Math.max(-1, Math.min(1, at(i) / limit)) || 0;
    const full = share < 0 ? orange : more;
    for (let channel = 0; channel < 3; channel += 1) {
      made.data[4 * i + channel] = paper[channel] + Math.abs(share) * (full[channel] - paper[channel]);
    }
    made.data[4 * i + 3] = 255;
  }
  return made;
}

export function show(canvas, picture) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

export const extreme = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);

export function showInk(canvas, pixels) {
  show(canvas, image(28, 28, (i) => (pixels ? pixels[i] : 0), 255, "ink"));
}

// Ink below, faint, and what counts for and against the answer above it.
export function showSaliency(canvas, pixels, saliency) {
  const { paper, ink, blue, orange } = colours();
  const limit = extreme(saliency);
  const made = new ImageData(28, 28);
  for (let i = 0; i < 784; i += 1) {
    const dark = 0.35 * pixels[i] / 255;
    const share = Math.min(1, Math.abs(saliency[i]) / limit) ** 0.7;
    const over = saliency[i] < 0 ? orange : blue;
    for (let c = 0; c < 3; c += 1) {
      const below = paper[c] + dark * (ink[c] - paper[c]);
      made.data[4 * i + c] = below + share * (over[c] - below);
    }
    made.data[4 * i + 3] = 255;
  }
  show(canvas, made);
}

export function showSigned(canvas, values, [height, width], limit = extreme(values)) {
  show(canvas, image(width, height, (i) => values[i], limit));
}
