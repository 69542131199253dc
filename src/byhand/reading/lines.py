"""Components of ink -> lines of writing, on level or tilted pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.reading.components import Segment, typical_height

Array = npt.NDArray[Any]

BORDER = 0.06
"""Width of the zone along the picture's border in which bars are not writing, relative to the picture's side."""
BORDER_GAP = 0.9
"""Digit heights between a line and a bar near the border from which the bar is not part of the line."""
MAX_SLOPE = 0.4
"""Largest slope of a line on a tilted page: 20 degrees."""
SLOPE_SPREAD = 0.1
"""Largest distance of three quarters of the slopes from their median on a tilted page."""

STEEPEST, STEP, MAX_RESIDUAL = 1.3, 1.2, 0.25
"""One number that rises or falls steeply: its largest slope, and its largest distances from digit to digit and from a
straight line, in digit heights."""


def find_lines(components: Sequence[Segment], shape: tuple[int, ...]) -> list[list[Segment]]:
    """Join components that are side by side into lines, from top to bottom; `shape` is that of the ink."""
    if not components:
        return []
    typical = typical_height(components)
    parent = list(range(len(components)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    # Lines consist of components about as large as a digit. Smaller ones join the nearest line and connect no two
    # lines; far taller ones, such as the edge of a sheet, connect none either.
    large = [at for at, one in enumerate(components) if one.extent >= 0.5 * typical and one.height <= 2.5 * typical]
    small = [at for at, one in enumerate(components) if one.extent < 0.5 * typical]
    boxes = np.array([components[at].box for at in large], float)
    slope = _page_slope(boxes, typical)
    left, top, right, bottom = _leveled(boxes, slope).T
    gap = np.maximum(left[:, None], left[None]) - np.minimum(right[:, None], right[None])
    overlap = np.minimum(bottom[:, None], bottom[None]) - np.maximum(top[:, None], top[None])
    lower = np.minimum((bottom - top)[:, None], (bottom - top)[None])
    # A flat component above or below another is a stroke of it, such as the bar of a 5.
    stacked = (gap < 0) & (overlap > -0.2 * typical) & (lower < 0.5 * typical)
    for one, other in np.argwhere(np.triu(((overlap > 0.35 * lower) & (gap < 3 * typical)) | stacked, 1)):
        parent[root(large[int(one)])] = root(large[int(other)])
    for at in small:
        x0, y0, x1, y1 = _leveled(np.array([components[at].box], float), slope)[0]
        across = np.maximum(np.maximum(left - x1, x0 - right), 0)
        down = np.maximum(np.maximum(top - y1, y0 - bottom), 0)
        parent[at] = root(large[int(np.hypot(across, down).argmin())])
    lines: dict[int, list[Segment]] = {}
    for at, component in enumerate(components):
        lines.setdefault(root(at), []).append(component)
    if len(lines) > 1 and _is_one_steep_line([components[at] for at in large], typical):
        return [list(components)]
    writing = [_without_border_bars(line, shape, typical) for line in lines.values() if not _is_border(line, shape)]

    def vertical_position(line: list[Segment]) -> float:
        return float(_leveled(np.array([one.box for one in line], float), slope)[:, 1::2].mean())

    return sorted(writing or lines.values(), key=vertical_position)


def _is_one_steep_line(digits: Sequence[Segment], typical: float) -> bool:
    """Whether components that are in several lines are one after the other on a straight line, steeper than a page."""
    if len(digits) < 3:
        return False
    boxes = np.array([one.box for one in sorted(digits, key=lambda one: one.box[0] + one.box[2])], float)
    x, y = boxes[:, 0::2].mean(axis=1), boxes[:, 1::2].mean(axis=1)
    apart = boxes[1:, 0] - boxes[:-1, 2]
    above = np.maximum(boxes[1:, 1] - boxes[:-1, 3], boxes[:-1, 1] - boxes[1:, 3])
    near = np.hypot(np.maximum(apart, 0), np.maximum(above, 0)) < STEP * typical
    slope, start = np.polyfit(x, y, 1)
    straight = np.abs(start + slope * x - y).max() < MAX_RESIDUAL * typical
    return bool((apart > -0.15 * typical).all() and near.all() and straight and abs(slope) < STEEPEST)


def _is_border(line: list[Segment], shape: tuple[int, ...]) -> bool:
    """Whether a line consists of bars along the border, apart from specks."""
    longest = max(one.extent for one in line)
    return all(_is_border_bar(one, shape) for one in line if one.extent > 0.5 * longest)


def _without_border_bars(line: list[Segment], shape: tuple[int, ...], typical: float) -> list[Segment]:
    """Drop bars along the border that stand away from the rest of their line."""
    inner = [one for one in line if not _is_border_bar(one, shape)]
    left = min(one.box[0] for one in inner) - BORDER_GAP * typical
    right = max(one.box[2] for one in inner) + BORDER_GAP * typical
    return [one for one in line if one in inner or (one.box[2] > left and one.box[0] < right)]


def _is_border_bar(segment: Segment, shape: tuple[int, ...]) -> bool:
    """Whether a segment is a bar close to the picture's border and parallel to it, as the edge of a sheet is."""
    rows, columns = shape
    left, top, right, bottom = segment.box
    at_side = right < BORDER * columns or left > (1 - BORDER) * columns
    at_end = bottom < BORDER * rows or top > (1 - BORDER) * rows
    return (at_side and segment.height > 4 * segment.width) or (at_end and segment.width > 4 * segment.height)


def _page_slope(boxes: Array, typical: float) -> float:
    """Slope of the lines, positive downwards: the median over components and their nearest right neighbors."""
    x, y = boxes[:, 0::2].mean(axis=1), boxes[:, 1::2].mean(axis=1)
    across, down = x[None] - x[:, None], y[None] - y[:, None]
    beside = (across > 0.3 * typical) & (across < 3 * typical) & (np.abs(down) < MAX_SLOPE * across + 0.1 * typical)
    nearest = np.where(beside, across, np.inf).argmin(axis=1)
    rows = np.flatnonzero(beside.any(axis=1))
    if len(rows) < 2:
        return 0.0
    slopes = down[rows, nearest[rows]] / across[rows, nearest[rows]]
    slope = float(np.median(slopes))
    # Digits that are scattered rather than written on a line have no common slope.
    return slope if float(np.mean(np.abs(slopes - slope) < SLOPE_SPREAD)) >= 0.75 else 0.0


def _leveled(boxes: Array, slope: float) -> Array:
    """Move boxes up or down as if the page were not tilted."""
    descent = slope * boxes[:, 0::2].mean(axis=1, keepdims=True)
    return np.asarray(boxes - descent * np.array([0, 1, 0, 1]))
