"""Draw what the reader is trained on: MNIST's digits, the same augmented, digits of fonts, and non-digits.

Run: ``python benchmarks/rewriting.py docs/pictures/rewriting``, which writes rewriting.svg and rewriting.png.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from byhand.augment import Writing
from byhand.augment.distortion import distort
from byhand.augment.fonts import draw_digits
from byhand.augment.negatives import draw_negatives
from byhand.data import load_digits
from byhand.rng import generator
from byhand.viz import style

ACROSS = 24
CELL = 0.48


def main() -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="where to, without an ending")
    arguments = parser.parse_args()
    train = load_digits("mnist").train
    labels = train.labelled()
    first = np.array([np.flatnonzero(labels == digit)[3] for digit in range(10)])
    images = train.images[np.repeat(first, ACROSS - 1)]
    rng = generator(0, "picture")
    made, _ = Writing(0, plain=0)(images, np.repeat(labels[first], ACROSS - 1), "picture")
    made = made[: len(images)].reshape(10, ACROSS - 1, 28, 28)
    digits = np.concatenate([train.images[first][:, None], made], axis=1)
    fonts = distort(draw_digits(2 * ACROSS, rng)[0], rng).reshape(2, ACROSS, 28, 28)
    negatives = draw_negatives(6 * ACROSS, train.images[:500], labels[:500], rng)
    negatives = distort(negatives, rng).reshape(6, ACROSS, 28, 28)
    parts = (
        ("MNIST's digit at the left of each row, then augmented", digits),
        ("Digits of fonts", fonts),
        ("Not digits: letters, wrong cuts, scribbles, strokes, shapes, textures", negatives),
    )
    rows = [len(part) for _, part in parts]
    width, title = ACROSS * CELL, 0.42
    height = sum(rows) * CELL + len(parts) * title
    with style.applied():
        figure = style.figure(width, height)
        figure.set_label("What the reader is trained on")
        top = height
        for words, part in parts:
            top -= title
            figure.text(0, (top + 0.1) / height, words, fontsize=style.TEXT, fontweight="bold", color=style.INK)
            high = len(part) * CELL
            axes = figure.add_axes((0, (top - high) / height, 1, high / height))
            framed = np.pad(part, ((0, 0), (0, 0), (1, 1), (1, 1)))
            axes.imshow(255 - np.vstack([np.hstack(list(row)) for row in framed]), cmap="gray", vmin=0, vmax=255)
            axes.set_axis_off()
            top -= high
        style.save(figure, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
