"""Digits that touch: components are cut into segments wherever two digits may meet.

A cut is a cheap path from top to bottom: it costs the ink it crosses and a little for every sideways step, so that it
follows the white between slanted digits. For each column of the middle row the cheapest path through it is found by
dynamic programming from above and from below; local minima are candidates, and so are waists, where two rounds touch.

A segment is never cut again; a digit is one segment or several neighbors (`byhand.reading.lattice` decides which).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.reading.components import Segment, typical_height
from byhand.reading.render import stroke_width

Array = npt.NDArray[Any]

WORK_ROWS = 40
"""Number of rows to which a component is scaled for the search of paths."""
STEP_COST = 0.12
"""Cost of a sideways step, in pixels of ink."""
CUTS_PER_HEIGHT = 4
"""Most cuts per component, for each multiple of its height that it is wide."""
MAX_CUTS = 60
"""Most cuts per component: twenty digits that all touch are not writing, and the time to read grows with the cuts."""
MAX_DEPTH = 2.7
"""Most ink that a cut may cross, in stroke widths."""
WAIST = 0.8
"""Largest height of a waist relative to the parts beside it."""


@dataclass(frozen=True)
class Cut:
    """A candidate cut: where it passes each row, int ``(H,)``, and the ink that it crosses in stroke widths."""

    columns: Array
    depth: float


@dataclass(frozen=True)
class Line:
    """A line of writing: its segments from left to right, and the height of a typical digit in it, in pixels."""

    segments: tuple[Segment, ...]
    height: float


def cut_lines(labels: Array, lines: Sequence[Sequence[Segment]], min_height: float = 0.0) -> tuple[Array, list[Line]]:
    """Cut the components of each line into segments; no line is lower than `min_height`.

    Returns new labels, in which every segment has its own number, and the lines.
    """
    labels = labels.copy()
    next_label = int(labels.max()) + 1
    cut = list[Line]()
    for line in lines:
        height = typical_height(line)
        segments = list[Segment]()
        for component in line:
            if component.width > 0.45 * height and component.height > 0.5 * height:
                parts = _cut(component, labels, next_label)
                next_label += len(parts)
                segments += parts
            else:
                segments.append(component)
        segments.sort(key=lambda segment: segment.box[0] + segment.box[2])
        cut.append(Line(tuple(segments), max(typical_height(segments), min_height)))
    return labels, cut


def _cut(component: Segment, labels: Array, next_label: int) -> list[Segment]:
    """Cut a component at every candidate; the parts are numbered from `next_label` in `labels`, which is changed."""
    left, top, right, bottom = component.box
    window = labels[top:bottom, left:right]
    mask = window == component.label
    cuts = find_cuts(mask.astype(np.uint8))
    if not cuts:
        return [component]
    columns = np.arange(mask.shape[1])
    cuts_before = sum((columns[None, :] >= cut.columns[:, None]).astype(np.int32) for cut in cuts)
    segments = list[Segment]()
    for number in range(len(cuts) + 1):
        part = mask & (cuts_before == number)
        x, y, width, height = cv2.boundingRect(part.astype(np.uint8))
        # Two cuts may coincide and leave nothing between them.
        if width:
            label = next_label + len(segments)
            window[part] = label
            box = (left + x, top + y, left + x + width, top + y + height)
            depth = cuts[number - 1].depth if number else 0.0
            segments.append(Segment(label, box, int(part.sum()), component.component, depth))
    return segments


def find_cuts(mask: Array) -> list[Cut]:
    """Find the candidate cuts of a component (uint8 ``(H, W)``, 1 where it is) from left to right."""
    height, width = mask.shape
    scale = min(1.0, WORK_ROWS / height)
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    stroke = max(stroke_width(mask) * scale, 1.0)
    distance = round(max(2.0, 1.2 * stroke))
    count = min(MAX_CUTS, round(CUTS_PER_HEIGHT * max(1.0, width / height)))
    paths = _cheap_paths(small, distance, MAX_DEPTH * stroke, count)
    # Straight through the common wall: the cheapest path would leave it all to one side.
    paths += [np.full(len(small), column) for column in _waists(small, distance)[:MAX_CUTS]]
    cuts = []
    for path in sorted(paths, key=lambda path: float(path.mean())):
        crossed = float(small[np.arange(len(small)), path].sum())
        rows = (np.arange(height) + 0.5) * len(small) / height - 0.5
        columns = np.rint((np.interp(rows, np.arange(len(small)), path) + 0.5) * width / size[0]).astype(np.int64)
        before = float((mask * (np.arange(width)[None] < columns[:, None])).sum()) / max(1, int(mask.sum()))
        if 0.06 < before < 0.94:
            cuts.append(Cut(columns, crossed / stroke))
    return cuts


def _cheap_paths(ink: Array, distance: int, limit: float, count: int) -> list[Array]:
    """Paths through the columns of the middle row that are cheaper than their neighbors; int ``(rows,)`` each."""
    middle = len(ink) // 2
    above, steps_above = _path_costs(ink[: middle + 1])
    below, steps_below = _path_costs(ink[middle:][::-1])
    cost = above[-1] + below[-1] - ink[middle]
    paths = []
    for column in _local_minima(cost, distance, limit, count):
        up, down = _backtrack(steps_above, column), _backtrack(steps_below, column)
        paths.append(np.concatenate([up[::-1], down[1:]]))
    return paths


def _path_costs(ink: Array) -> tuple[Array, Array]:
    """Cost of the cheapest path from the first row to each pixel, and the step (-1, 0, 1) by which it arrives."""
    height, width = ink.shape
    # The border is never the cheapest.
    padded = np.full((height, width + 2), np.inf, ink.dtype)
    cost, choices = padded[:, 1:-1], np.empty((3, width), ink.dtype)
    cost[0] = ink[0]
    step = np.zeros(ink.shape, np.int64)
    for row in range(1, height):
        previous = padded[row - 1]
        np.add(previous[:-2], STEP_COST, out=choices[0])
        choices[1] = previous[1:-1]
        np.add(previous[2:], STEP_COST, out=choices[2])
        choices.argmin(axis=0, out=step[row])
        np.add(ink[row], choices.min(axis=0), out=cost[row])
    step[1:] -= 1
    return cost, step


def _backtrack(step: Array, column: int) -> Array:
    """The columns of a path from the last row back to the first."""
    path = [column]
    for row in range(len(step) - 1, 0, -1):
        path.append(path[-1] + int(step[row, path[-1]]))
    return np.array(path)


def _waists(ink: Array, distance: int) -> list[int]:
    """Columns where a component is lower than on both sides: two rounds that touch, over whatever length."""
    mask = ink > 0.5
    heights = np.where(mask.any(axis=0), len(ink) - mask[::-1].argmax(axis=0) - mask.argmax(axis=0), 0).astype(float)
    heights = np.convolve(np.pad(heights, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    found: list[int] = []
    for at in range(2 * distance, len(heights) - 2 * distance):
        around = heights[at - distance : at + distance + 1]
        sides = min(heights[:at].max(), heights[at:].max())
        if heights[at] <= around.min() and heights[at] < WAIST * sides and (not found or at - found[-1] > distance):
            # The middle of the lowest stretch.
            lowest = np.flatnonzero(heights[at : at + distance] <= heights[at] + 0.5)
            found.append(at + int(lowest[-1]) // 2)
    return found


def _local_minima(cost: Array, distance: int, limit: float, count: int) -> list[int]:
    """Columns whose cost is the lowest nearby: the cheapest `count`, from left to right."""
    minima = [
        at
        for at in range(distance, len(cost) - distance)
        if cost[at] <= limit and cost[at] <= cost[max(0, at - distance) : at + distance + 1].min() + 1e-6
    ]
    chosen: list[int] = []
    for at in sorted(minima, key=lambda at: float(cost[at])):
        if len(chosen) < count and all(abs(at - other) > distance for other in chosen):
            chosen.append(at)
    return sorted(chosen)
