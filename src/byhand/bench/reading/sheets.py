"""Sheets of all misses with the stages of reading side by side: most are a matter of ink, and the stages show where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from byhand.bench.reading.accuracy import Result
from byhand.errors import ByhandError
from byhand.hands import Array
from byhand.io import replacing
from byhand.reading import Reader, Reading
from byhand.viz import style

STAGES = ("picture", "dark", "ink", "segments")
TILE, GAP, CAPTION = 150, 10, 36
COLUMNS, ROWS = 2, 10
MAX_DIGITS = 12


def write_sheets(reader: Reader, misses: Sequence[Result], folder: Path) -> list[Path]:
    """Write ``misses-1.png``, ``misses-2.png``, ... with twenty misses each, and return their paths."""
    written = []
    for number, start in enumerate(range(0, len(misses), COLUMNS * ROWS), 1):
        path = folder / f"misses-{number}.png"
        with style.applied(), replacing(path) as beside:
            _sheet(reader, misses[start : start + COLUMNS * ROWS]).savefig(beside, format="png", dpi=100)
        written.append(path)
    return written


def _sheet(reader: Reader, misses: Sequence[Result]) -> Any:
    width, height = (len(STAGES) + 1) * (TILE + GAP) + GAP, TILE + CAPTION
    canvas = np.full((-(-len(misses) // COLUMNS) * height, COLUMNS * width, 3), 255, np.uint8)
    captions = []
    for index, miss in enumerate(misses):
        row, column = divmod(index, COLUMNS)
        top, left = row * height + CAPTION - 8, column * width + GAP
        try:
            reading = reader.read(miss.sample.path, single=miss.sample.single)
        except ByhandError:
            caption = "cannot be opened"
        else:
            for number, tile in enumerate(_tiles(reading)):
                x = left + number * (TILE + GAP)
                canvas[top : top + tile.shape[0], x : x + tile.shape[1]] = tile
            confidences = ", ".join(style.percent(digit.confidence) for digit in reading.digits[:4])
            caption = f"read as {miss.text or 'nothing'} ({confidences})"
        captions.append((left, top - 6, f"{miss.sample.label} {caption}  {miss.sample.name[-44:]}"))
    figure = style.figure(canvas.shape[1] / 100, canvas.shape[0] / 100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(canvas, interpolation="nearest", aspect="auto")
    axes.axis("off")
    for x, y, text in captions:
        axes.text(x, y, text, size=9, color=style.INK, va="bottom")
    return figure


def _tiles(reading: Reading) -> list[Array]:
    tiles = [_tile(reading.stages[name]) for name in STAGES]
    if reading.digits:
        inks = [255 - digit.ink for digit in reading.digits[:MAX_DIGITS]]
        columns = int(np.ceil(np.sqrt(len(inks))))
        inks += [np.full_like(inks[0], 255)] * (-len(inks) % columns)
        tiles.append(_tile(np.vstack([np.hstack(inks[at : at + columns]) for at in range(0, len(inks), columns)])))
    return tiles


def _tile(picture: Array) -> Array:
    scale = TILE / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    tile = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    return np.asarray(tile if tile.ndim == 3 else np.repeat(tile[..., None], 3, axis=2))
