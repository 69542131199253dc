"""Measure how many non-digits the reader takes for digits, with fonts and generators that its training never used.

Run: ``python benchmarks/nondigits.py [--fonts FOLDER] [--count N] [--all-letters] [--single] [--seed N]``.

A quarter each of letters drawn from fonts and bent, scribbles, textures and blank pages, each a picture with paper,
light and shadow as from a camera, is read like any other picture. A non-digit is caught if nothing is found or
everything found is unsure. Letters that look like a digit (O, l, Z, S and the like) are left out unless
``--all-letters`` is given. Real digits, MNIST's test digits on the same paper, are measured for comparison.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from byhand.data import load_digits
from byhand.reading import Reader
from byhand.rng import generator

Array = np.ndarray[Any, Any]

SIDE = 160
FONTS = Path("/usr/share/fonts/truetype/liberation")
LETTERS = "ACEFHKLMNPQRTUVWXacdefhkmnprtuvwx"
DISGUISED = "BDGIJOSYZbgijloqsyz"


def main() -> int:
    """Print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fonts", type=Path, default=FONTS, metavar="FOLDER", help="of TrueType files (%(default)s)")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="non-digits, and digits (%(default)s)")
    parser.add_argument("--all-letters", action="store_true", help="also those that look like digits")
    parser.add_argument("--single", action="store_true", help="tell the reader that a picture holds one digit at most")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of all pictures (%(default)s)")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a PNG of all that was taken for a digit")
    arguments = parser.parse_args()
    fonts = sorted(arguments.fonts.glob("*.ttf"))
    if not fonts:
        print(f"{arguments.fonts} holds no TrueType file; name a folder of fonts by --fonts.", file=sys.stderr)
        return 2
    alphabet = LETTERS + (DISGUISED if arguments.all_letters else "")
    kinds: dict[str, Callable[[np.random.Generator], Array]] = {
        "letters": lambda rng: letter(fonts, alphabet, rng),
        "scribbles": scribble,
        "textures": texture,
        "blank pages": lambda rng: np.zeros((SIDE, SIDE), np.float32),
    }
    reader, missed, caught = Reader(), [], 0
    each = arguments.count // len(kinds)
    for name, draw in kinds.items():
        count = 0
        for n in range(each):
            rng = generator(arguments.seed, "benchmark", name, n)
            picture = photographed(draw(rng), rng)
            reading = reader.read(picture, single=arguments.single)
            good = all(digit.unsure for digit in reading.digits)
            count += good
            if not good:
                missed.append(picture)
        caught += count
        print(f"{name:<14}{100 * count / each:6.1f} % unsure or nothing found ({each:,})", flush=True)
    print(f"{'together':<14}{100 * caught / (each * len(kinds)):6.1f} %")
    test = load_digits("mnist").test
    unsure = wrong = 0
    chosen = generator(arguments.seed, "benchmark", "digits").permutation(len(test))[: arguments.count]
    for n in chosen:
        rng = generator(arguments.seed, "benchmark", "digit", int(n))
        reading = reader.read(photographed(enlarged(test.images[n], rng), rng), single=True)
        sure = [digit.value for digit in reading.digits if not digit.unsure]
        unsure += not sure
        wrong += bool(sure) and sure != [int(test.labelled()[n])]
    print(f"{'digits':<14}{100 * unsure / len(chosen):6.1f} % unsure, {100 * wrong / len(chosen):.1f} % wrong and sure")
    if arguments.sheet:
        sheet(missed, arguments.sheet)
    return 0


def letter(fonts: list[Path], alphabet: str, rng: np.random.Generator) -> Array:
    """Draw a letter of a font, sheared, turned and waved: ink from 0 to 1."""
    font = ImageFont.truetype(str(fonts[rng.integers(len(fonts))]), int(rng.integers(50, 110)))
    page = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(page).text((SIDE / 2, SIDE / 2), alphabet[rng.integers(len(alphabet))], 255, font, "mm")
    ink = np.asarray(page, np.float32) / 255
    turn, shear = rng.normal(0, 0.12), rng.normal(0, 0.15)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[1, 0], [shear, 1]]
    middle = np.full(2, SIDE / 2)
    ink = ndimage.affine_transform(ink, matrix, middle - matrix @ middle, order=1)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    size, length, phase = rng.uniform(0, 3), rng.uniform(25, 60), rng.uniform(0, 2 * np.pi, 2)
    waved = [
        rows + size * np.sin(columns / length * 6 + phase[0]),
        columns + size * np.sin(rows / length * 6 + phase[1]),
    ]
    return ndimage.map_coordinates(ink, waved, order=1)


def scribble(rng: np.random.Generator) -> Array:
    """Draw a random walk whose direction drifts: ink from 0 to 1."""
    steps = int(rng.integers(60, 300))
    turning = rng.normal(0, rng.uniform(0.1, 0.5), steps) + rng.normal(0, 0.15)
    heading = np.cumsum(turning) + rng.uniform(0, 2 * np.pi)
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
    path = (path - path.min(axis=0)) / max(np.ptp(path, axis=0).max(), 1) * rng.uniform(50, 120) + 20
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    cv2.polylines(canvas, [path.astype(np.int32)], False, 255, int(rng.integers(1, 8)), cv2.LINE_AA)
    return canvas.astype(np.float32) / 255


def texture(rng: np.random.Generator) -> Array:
    """Filter noise, one way more than the other, and cut it at some level: ink from 0 to 1."""
    noise = ndimage.gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), rng.uniform(0.5, 9, 2))
    noise /= noise.std()
    return (noise > rng.uniform(0, 1.5)).astype(np.float32) if rng.random() < 0.6 else 1 / (1 + np.exp(-2 * noise))


def enlarged(image: Array, rng: np.random.Generator) -> Array:
    """Lay an MNIST digit on a page: ink from 0 to 1."""
    size = int(rng.integers(70, 130))
    page = np.zeros((SIDE, SIDE), np.float32)
    y, x = rng.integers(0, SIDE - size, 2)
    page[y : y + size, x : x + size] = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC) / 255
    return page


def photographed(ink: Array, rng: np.random.Generator) -> Array:
    """Put ink on paper, under a light from one side, with a camera's noise: uint8."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    light = rng.uniform(170, 240) + rng.normal(0, 25) * rows + rng.normal(0, 25) * columns
    dark = rng.uniform(0.05, 0.45)
    page = light * (1 - np.clip(ink, 0, 1) * (1 - dark)) + rng.normal(0, rng.uniform(0.5, 4), ink.shape)
    return np.clip(page, 0, 255).astype(np.uint8)


def sheet(pictures: list[Array], path: Path) -> None:
    """Write pictures side by side into one PNG."""
    wide = 12
    blank = np.full((SIDE, SIDE), 255, np.uint8)
    padded = pictures + [blank] * (-len(pictures) % wide)
    rows = [np.hstack(padded[start : start + wide]) for start in range(0, len(padded), wide)]
    if rows:
        Image.fromarray(np.vstack(rows)).resize((wide * 80, len(rows) * 80)).save(path)


if __name__ == "__main__":
    sys.exit(main())
