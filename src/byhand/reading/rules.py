"""The lines of ruled and squared paper, and lines drawn under numbers, taken out of a mask of ink.

A rule goes through most of the picture, far beyond any digit, or has others beside it. Where a stroke crosses it the
stroke stays: what a rule alone has inked is no higher than the rule is thick.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SHORTEST = 0.12
"""Length of a straight piece of a rule, as a share of the picture's side."""
SPAN = 0.8
"""Share of the picture's side that a rule goes through."""
BEYOND = 1.8
"""How much longer a single rule is than usual ink beside it: the bar of a 7 that fills its picture is none."""
BEYOND_UPRIGHT = 4.0
"""The same of an upright rule, the margin of a sheet: the stem of a 9 may be twice as long as its head."""
THROUGH = 0.97
"""Share of the picture's side that a rule goes through where it is by itself."""
PARALLEL = 3
"""So many are the paper's, however tall the ink."""
THICKEST = 0.05
"""Of a rule, as a share of the picture's shorter side."""


def without_rules(mask: Array) -> Array:
    """Take rules out of a mask.

    Parameters
    ----------
    mask
        uint8 ``(H, W)``, 1 where there is ink.

    Returns
    -------
    numpy.ndarray
        The mask itself where there are none.
    """
    for turned in (False, True):
        seen = mask.T if turned else mask
        left = _without_level_rules(np.ascontiguousarray(seen), BEYOND_UPRIGHT if turned else BEYOND)
        mask = left.T if turned else left
    return np.ascontiguousarray(mask)


def _without_level_rules(mask: Array, beyond: float) -> Array:
    height, width = mask.shape
    length = max(5, round(SHORTEST * width))
    # A rule that sinks by a pixel here and there is still straight.
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    straight = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    if np.count_nonzero(straight.any(axis=0)) < 0.5 * SPAN * width:
        return mask
    # Where a stroke crosses at a slant or ink is missing it still goes on.
    straight = cv2.morphologyEx(straight, cv2.MORPH_CLOSE, np.ones((3, length), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(straight, connectivity=8, ltype=cv2.CV_32S)
    rules = [at for at in range(1, count) if _is_long(stats[at], height, width)]
    if not rules:
        return mask
    alone = mask.copy()
    for at in rules:
        left, top, across, down, area = (int(value) for value in stats[at])
        window = np.s_[top : top + down, left : left + across]
        high = round(1.5 * area / across) + 2
        # Strokes that cross: ink that goes on above or below, further than the rule is thick.
        reach = np.s_[max(0, top - high) : top + down + high, left : left + across]
        crossing = cv2.morphologyEx(mask[reach], cv2.MORPH_OPEN, np.ones((high, 1), np.uint8))
        start = top - max(0, top - high)
        crossing = crossing[start : start + down]
        alone[window][(labels[window] == at) & (crossing == 0)] = 0
    if len(rules) < PARALLEL:
        count, _, rest, _ = cv2.connectedComponentsWithStats(alone, connectivity=8, ltype=cv2.CV_32S)
        longest = max(int(stats[at, cv2.CC_STAT_WIDTH]) for at in rules)
        # From border to border: the stem of a 9 that is drawn large ends before.
        if longest < THROUGH * width or beyond * _usual_extent(rest[1:], width) > longest:
            return mask
    return alone


def _usual_extent(stats: Array, width: int) -> float:
    """Median over the ink of its pieces' longer sides; the picture's width where there is no ink."""
    if not len(stats):
        return width
    extents = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1)
    order = np.argsort(extents)
    weight = np.cumsum(stats[order, cv2.CC_STAT_AREA])
    return float(extents[order[np.searchsorted(weight, weight[-1] / 2)]])


def _is_long(stats: Array, height: int, width: int) -> bool:
    across, down, area = (int(stats[at]) for at in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    thickness = area / across
    return across >= SPAN * width and down <= 0.15 * width and thickness <= max(3.0, THICKEST * min(height, width)) + 2
