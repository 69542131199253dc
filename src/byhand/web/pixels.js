// Numbers as colors on canvases: 0 is the paper's color, positive is blue, negative is vermilion.

const PROPERTIES = {
  blue: "--blue", orange: "--orange", vermilion: "--vermilion", ink: "--ink", paper: "--paper", muted: "--muted",
};
let palette = null;

export function colors() {
  if (!palette) {
    const style = getComputedStyle(document.documentElement);
    palette = {};
    for (const [name, property] of Object.entries(PROPERTIES)) {
      const hex = style.getPropertyValue(property).trim();
      palette[name] = [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
    }
  }
  return palette;
}
export const forgetColors = () => { palette = null; };
export const css = (name) => `rgb(${colors()[name].join(" ")})`;

// An image of width x height pixels with values `at(i)`; `limit` is the value of end color.
export function image(width, height, at, limit, positive = "blue") {
  const { paper, vermilion, [positive]: above } = colors();
  const result = new ImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    const fraction = Math.max(-1, Math.min(1, at(i) / limit)) || 0;
    const end = fraction < 0 ? vermilion : above;
    for (let channel = 0; channel < 3; channel += 1) {
      result.data[4 * i + channel] = paper[channel] + Math.abs(fraction) * (end[channel] - paper[channel]);
    }
    result.data[4 * i + 3] = 255;
  }
  return result;
}

export function show(canvas, picture) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

export const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);

export function showInk(canvas, pixels) {
  show(canvas, image(28, 28, (i) => (pixels ? pixels[i] : 0), 255, "ink"));
}

// Faint ink, and over it the evidence for (blue) and against (vermilion) the prediction.
export function showSaliency(canvas, pixels, saliency) {
  const { paper, ink, blue, vermilion } = colors();
  const limit = largest(saliency);
  const result = new ImageData(28, 28);
  for (let i = 0; i < 784; i += 1) {
    const dark = 0.35 * pixels[i] / 255;
    const fraction = Math.min(1, Math.abs(saliency[i]) / limit) ** 0.7;
    const over = saliency[i] < 0 ? vermilion : blue;
    for (let c = 0; c < 3; c += 1) {
      const below = paper[c] + dark * (ink[c] - paper[c]);
      result.data[4 * i + c] = below + fraction * (over[c] - below);
    }
    result.data[4 * i + 3] = 255;
  }
  show(canvas, result);
}

export function showWeights(canvas, values, [height, width], limit = largest(values)) {
  show(canvas, image(width, height, (i) => values[i], limit));
}
