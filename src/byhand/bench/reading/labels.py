"""Every miss with its stages, side by side: most are the ink's fault, and one sees where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.bench.reading.accuracy import Answer
from byhand.errors import ByhandError
from byhand.io import replacing
from byhand.reading.reader import Reader
from byhand.reading.result import Reading
from byhand.viz import style

Array = npt.NDArray[Any]

SHOWN = ("picture", "dark", "ink", "segments")
TILE, GAP = 150, 10
ACROSS, DOWN = 2, 10
MOST_DIGITS = 12


def write_sheets(reader: Reader, misses: Sequence[Answer], folder: Path) -> list[Path]:
    """Write ``misses-1.png``, ``misses-2.png``, ..., twenty misses on each.

    Parameters
    ----------
    reader
        Reads them once more, for their stages.
    misses
        What was read wrongly; where a single digit was told to be one, as it was read then.
    folder
        Where to.

    Returns
    -------
    list of Path
        The sheets.
    """
    page = ACROSS * DOWN
    written = []
    for number, start in enumerate(range(0, len(misses), page), 1):
        path = folder / f"misses-{number}.png"
        with style.applied(), replacing(path) as beside:
            _sheet(reader, misses[start : start + page]).savefig(beside, format="png", dpi=100)
        written.append(path)
    return written


def _sheet(reader: Reader, misses: Sequence[Answer]) -> Any:
    rows = -(-len(misses) // ACROSS)
    wide = (len(SHOWN) + 1) * (TILE + GAP) + GAP
    high = TILE + 36
    canvas = np.full((rows * high, ACROSS * wide, 3), 255, np.uint8)
    captions = []
    for at, miss in enumerate(misses):
        row, column = divmod(at, ACROSS)
        single = miss.known_single is not None
        top, left = row * high + 28, column * wide + GAP
        try:
            reading = reader.read(miss.sample.path, single=single)
        except ByhandError:
            captions.append((left, top - 6, f"{miss.sample.label} cannot be opened  {miss.sample.name[-44:]}"))
            continue
        for place, tile in enumerate(_tiles(reading)):
            x = left + place * (TILE + GAP)
            canvas[top : top + tile.shape[0], x : x + tile.shape[1]] = tile
        said = (miss.known_single if single else miss.text) or "nothing"
        sure = ", ".join(f"{100 * digit.confidence:.0f} %" for digit in reading.digits[:4])
        captions.append((left, top - 6, f"{miss.sample.label} read as {said} ({sure})  {miss.sample.name[-44:]}"))
    drawn = style.figure(canvas.shape[1] / 100, canvas.shape[0] / 100)
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.imshow(canvas, interpolation="nearest", aspect="auto")
    axes.axis("off")
    for x, y, text in captions:
        axes.text(x, y, text, size=9, color=style.INK, va="bottom")
    return drawn


def _tiles(reading: Reading) -> list[Array]:
    tiles = [_fitted(reading.stages[name]) for name in SHOWN]
    if reading.digits:
        inks = [digit.ink for digit in reading.digits[:MOST_DIGITS]]
        columns = int(np.ceil(np.sqrt(len(inks))))
        inks += [np.zeros_like(inks[0])] * (-len(inks) % columns)
        lines = [np.concatenate(inks[at : at + columns], axis=1) for at in range(0, len(inks), columns)]
        tiles.append(_fitted(np.concatenate(lines)))
    return tiles


def _fitted(picture: Array) -> Array:
    scale = TILE / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    tile = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    return np.asarray(tile if tile.ndim == 3 else np.repeat(tile[..., None], 3, axis=2))
