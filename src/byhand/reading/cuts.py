"""Where two digits that touch may be parted: the cheapest ways from top to bottom through their common ink.

A way costs the ink it crosses and a little for every step aside, so it follows the white between slanted digits too.
For each column of the middle row the cheapest way through it is found (dynamic programming from above and from below);
those that are cheaper than their neighbours are candidates, and so are waists, where two rounds touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.reading.render import stroke_width

Array = npt.NDArray[Any]

ROWS = 40
ASIDE = 0.12
"""Cost of a step aside, as a share of a pixel of ink."""
MOST_CUTS = 4
"""For each height of the piece that it is wide."""
MOST_OF_ALL = 60
"""Of a piece however wide: twenty digits that all touch are no writing, and the time to read grows with the cuts."""
DEEPEST = 2.2
"""Stroke widths that a cut may cross."""
WAIST = 0.8
"""Height of a waist against the parts beside it."""


@dataclass(frozen=True)
class Cut:
    """A candidate cut.

    Attributes
    ----------
    columns
        Where it passes each row, int ``(H,)``; what is left of it lies before it.
    depth
        Ink that it crosses, in stroke widths.
    """

    columns: Array
    depth: float


def cuts_of(mask: Array) -> list[Cut]:
    """Find candidate cuts of a piece, from left to right.

    Parameters
    ----------
    mask
        uint8 ``(H, W)``, 1 where the piece is.
    """
    height, width = mask.shape
    scale = min(1.0, ROWS / height)
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    stroke = max(stroke_width(mask) * scale, 1.0)
    apart = round(max(2.0, 1.2 * stroke))
    most = min(MOST_OF_ALL, round(MOST_CUTS * max(1.0, width / height)))
    paths = _cheap_paths(small, apart, DEEPEST * stroke, most)
    # Straight through the common wall: the cheapest way would leave it all to one side.
    paths += [np.full(len(small), column) for column in _waists(small, apart)[:MOST_OF_ALL]]
    cuts = []
    for path in sorted(paths, key=lambda path: float(path.mean())):
        crossed = float(small[np.arange(len(small)), path].sum())
        rows = (np.arange(height) + 0.5) * len(small) / height - 0.5
        columns = np.rint((np.interp(rows, np.arange(len(small)), path) + 0.5) * width / size[0]).astype(np.int64)
        share = float((mask * (np.arange(width)[None] < columns[:, None])).sum()) / max(1, int(mask.sum()))
        if 0.06 < share < 0.94:
            cuts.append(Cut(columns, crossed / stroke))
    return cuts


def _cheap_paths(ink: Array, apart: int, limit: float, most: int) -> list[Array]:
    """Ways through those columns of the middle row that are cheaper than their neighbours; int ``(rows,)`` each."""
    middle = len(ink) // 2
    above, from_above = _ways(ink[: middle + 1])
    below, from_below = _ways(ink[middle:][::-1])
    cost = above[-1] + below[-1] - ink[middle]
    paths = []
    for column in _lowest(cost, apart, limit, most):
        up, down = _followed(from_above, column), _followed(from_below, column)
        paths.append(np.concatenate([up[::-1], down[1:]]))
    return paths


def _ways(ink: Array) -> tuple[Array, Array]:
    """Cost of the cheapest way from the first row to each pixel, and the step that each came by (-1, 0, 1)."""
    height, width = ink.shape
    # A border that is never the cheapest.
    cost = np.full((height, width + 2), np.inf, ink.dtype)
    inside, choices = cost[:, 1:-1], np.empty((3, width), ink.dtype)
    inside[0] = ink[0]
    step = np.zeros(ink.shape, np.int64)
    for row in range(1, height):
        last = cost[row - 1]
        # From the column before, the same, the one after.
        np.add(last[:-2], ASIDE, out=choices[0])
        choices[1] = last[1:-1]
        np.add(last[2:], ASIDE, out=choices[2])
        choices.argmin(axis=0, out=step[row])
        np.add(ink[row], choices.min(axis=0), out=inside[row])
    step[1:] -= 1
    return inside, step


def _followed(step: Array, column: int) -> Array:
    """Follow a way back from the last row to the first: its columns, the last row's first."""
    path = [column]
    for row in range(len(step) - 1, 0, -1):
        path.append(path[-1] + int(step[row, path[-1]]))
    return np.array(path)


def _waists(ink: Array, apart: int) -> list[int]:
    """Columns where a piece is lower than beside: two rounds that touch, however long they do."""
    there = ink > 0.5
    occupied = there.any(axis=0)
    high = np.where(occupied, len(ink) - there[::-1].argmax(axis=0) - there.argmax(axis=0), 0).astype(float)
    high = np.convolve(np.pad(high, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    found: list[int] = []
    for at in range(2 * apart, len(high) - 2 * apart):
        around = high[at - apart : at + apart + 1]
        beside = min(high[:at].max(), high[at:].max())
        if high[at] <= around.min() and high[at] < WAIST * beside and (not found or at - found[-1] > apart):
            # The middle of the lowest place.
            level = np.flatnonzero(high[at : at + apart] <= high[at] + 0.5)
            found.append(at + int(level[-1]) // 2)
    return found


def _lowest(cost: Array, apart: int, limit: float, most: int) -> list[int]:
    """Columns whose cost is the lowest around, the cheapest `most`, from left to right."""
    inner = range(apart, len(cost) - apart)
    lows = [
        at for at in inner if cost[at] <= limit and cost[at] <= cost[max(0, at - apart) : at + apart + 1].min() + 1e-6
    ]
    chosen: list[int] = []
    for at in sorted(lows, key=lambda at: float(cost[at])):
        if len(chosen) < most and all(abs(at - other) > apart for other in chosen):
            chosen.append(at)
    return sorted(chosen)
