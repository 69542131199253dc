"""Connected components of ink, without what is not handwriting: ruled lines, table edges, shadows, dust.

A ruled line runs across most of the picture, far beyond any digit, or has parallel neighbors. Where a stroke crosses
it the stroke is kept: ink of the line alone is no taller than the line is thick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.reading.ink import Ink

Array = npt.NDArray[Any]
Box = tuple[int, int, int, int]

MAX_COMPONENTS = 400
"""Most components that are examined, the largest first: a page of writing has fewer, a texture has more."""
RULE = -1
"""Label of ink that was removed as a ruled line."""

MIN_EXTENT, MIN_PIXELS = 0.12, 2.0
"""Smallest extent of a component, relative to a typical digit and in pixels of the picture; smaller ones are specks."""
MIN_INK = 0.25
"""Smallest extent of ink that may be writing and needs review if it is in no digit, relative to a typical digit."""
MIN_FAINT = 0.5
"""The same for faint ink: what is smaller is the texture of the paper."""

CUT_OFF_EXTENT, MIN_CUT_OFF = (0.35, 1.6), 0.1
"""Extent of ink along the border that may be a digit, and its shorter side, relative to a typical digit."""

RULE_RUN = 0.12
"""Shortest straight run of a ruled line, relative to the picture's side."""
RULE_SPAN = 0.8
"""Smallest fraction of the picture's side that a ruled line spans."""
FULL_SPAN = 0.97
"""Smallest fraction of the picture's side that a ruled line without parallel neighbors spans."""
RULE_VS_INK, MARGIN_VS_INK = 1.8, 4.0
"""Smallest length of a single horizontal or vertical line relative to the other ink: the bar of a 7 that fills its
picture is not a ruled line, and the stem of a 9 may be twice as long as its head."""
PARALLEL_RULES = 3
"""Number of parallel lines from which they are ruled lines, however tall the other ink."""
RULE_THICKNESS = 0.05
"""Largest thickness of a ruled line, relative to the picture's shorter side."""


@dataclass(frozen=True)
class Segment:
    """A connected component of ink, or the part of one between two cuts.

    Attributes
    ----------
    label
        Number in the label image.
    box
        Left, top, right and bottom in pixels of the ink.
    area
        Number of pixels.
    component
        Number of the connected component that it is or was cut from.
    cut_depth
        Ink crossed by the cut on its left, in stroke widths; 0 where there is none.
    """

    label: int
    box: Box
    area: int
    component: int
    cut_depth: float = 0.0

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.box[3] - self.box[1]

    @property
    def extent(self) -> int:
        """Length of the longer side in pixels."""
        return max(self.width, self.height)


@dataclass(frozen=True)
class LeftOut:
    """Ink that belongs to no digit.

    Attributes
    ----------
    kind
        ``"ink"``, which may be writing; ``"rule"``, a ruled line or a line under a number; ``"border"``, a shadow, an
        edge or a bar along the picture's border; or ``"speck"``, too small to be a digit.
    box
        Left, top, right and bottom in pixels of the ink.
    """

    kind: str
    box: Box


def bounding_box(segments: Sequence[Segment]) -> Box:
    """The box around all segments: left, top, right, bottom."""
    left, top, right, bottom = zip(*(segment.box for segment in segments), strict=True)
    return min(left), min(top), max(right), max(bottom)


def typical_height(segments: Sequence[Segment]) -> float:
    """Median height, weighted by ink so that dots do not count; 0 where there are no segments."""
    if not segments:
        return 0.0
    heights = np.array([segment.height for segment in segments], float)
    return _weighted_median(heights, np.array([segment.area for segment in segments], float))


def find_components(ink: Ink) -> tuple[Array, list[Segment], list[LeftOut]]:
    """Label the connected components of ink and leave out those that are not handwriting.

    Returns labels, int32 ``(H, W)`` with 0 for paper and `RULE` for removed lines; the components, largest first; and
    what is left out.
    """
    all_ink = (ink.level >= 128).astype(np.uint8)
    mask, rules = remove_rules(all_ink)
    left_out = [LeftOut("rule", box) for box in rules]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    if rules:
        labels[(all_ink > 0) & (mask == 0)] = RULE
    if count < 2:
        return labels, [], left_out
    # Faint ink counts where it is connected to clear ink.
    clear = np.zeros(count, bool)
    clear[labels[ink.strong & (mask > 0)]] = True
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA]) + 1
    found = [_component(stats, label) for label in order[:MAX_COMPONENTS] if clear[label]]
    kept = _remove_background(found, labels)
    typical = typical_height(kept)
    left_out += [LeftOut(border_kind(one, typical), one.box) for one in _without(found, kept)]
    smallest = max(MIN_EXTENT * typical, MIN_PIXELS * ink.scale)
    # Longer than a digit is high, and flat: the remains of a line under a number.
    high = [one for one in kept if one.width <= max(typical, 6 * one.height)] or kept
    left_out += [LeftOut("rule", one.box) for one in _without(kept, high)]
    large = [one for one in high if one.extent >= smallest]
    left_out += [LeftOut("speck", one.box) for one in _without(high, large)]
    # Something else that the border cut off.
    whole = [one for one in large if one.extent >= 0.5 * typical or not borders_touched(one, labels.shape)]
    left_out += [LeftOut(cut_off_kind(one, typical), one.box) for one in _without(large, whole)]
    extents = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1)
    for label in order[MAX_COMPONENTS:][clear[order[MAX_COMPONENTS:]]]:
        one = _component(stats, label)
        left_out.append(LeftOut(ink_kind(one, typical), one.box))
    faint = np.flatnonzero(~clear & (extents >= max(MIN_FAINT * typical, smallest)))
    left_out += [LeftOut("ink", _component(stats, label).box) for label in faint if label and typical]
    return labels, whole, left_out


def ink_kind(segment: Segment, typical: float) -> str:
    """The kind of ink that belongs to no digit, where a typical digit has a height of `typical`."""
    return "ink" if segment.extent >= MIN_INK * typical else "speck"


def cut_off_kind(segment: Segment, typical: float) -> str:
    """The kind of a small piece at the border: flat ones are edges."""
    flat = segment.extent > 6 * min(segment.width, segment.height)
    return "border" if flat else ink_kind(segment, typical)


def border_kind(segment: Segment, typical: float) -> str:
    """The kind of ink along the border: what is as large as most of a digit may be one that the border cut off."""
    low, high = CUT_OFF_EXTENT
    like_digit = low * typical <= segment.extent <= high * typical
    return "ink" if like_digit and min(segment.width, segment.height) >= MIN_CUT_OFF * typical else "border"


def _component(stats: Array, label: Any) -> Segment:
    left, top, width, height, area = (int(value) for value in stats[label])
    return Segment(int(label), (left, top, left + width, top + height), area, int(label))


def _without(before: Sequence[Segment], after: Sequence[Segment]) -> list[Segment]:
    kept = {one.label for one in after}
    return [one for one in before if one.label not in kept]


def borders_touched(segment: Segment, shape: tuple[int, ...]) -> int:
    """How many of the picture's four borders a segment touches."""
    left, top, right, bottom = segment.box
    return (left == 0) + (top == 0) + (right == shape[1]) + (bottom == shape[0])


def _remove_background(components: list[Segment], labels: Array) -> list[Segment]:
    """Drop shadows, edges of tables and sheets, and lines from border to border beside the writing."""
    rows, columns = labels.shape
    kept = [one for one in components if not _is_background(one, labels)]
    # A digit that was cropped tightly lies along the border too, but along all four, or does not fill its box.
    kept = kept or [
        one for one in components if borders_touched(one, labels.shape) == 4 or one.area < 0.6 * one.width * one.height
    ]
    tall = [one for one in kept if one.height > 0.9 * rows]
    wide = [one for one in kept if one.width > 0.9 * columns]
    bars = [one for one in tall if one.height > 0.95 * rows and one.height > 5 * one.width]
    bars += [one for one in wide if one.width > 0.95 * columns and one.width > 5 * one.height]
    # In a tight crop of a number the 1 reaches from border to border, but so do the other digits.
    if len(tall) + len(wide) > len(bars) or len(kept) == len(bars):
        return kept
    return [one for one in kept if one not in bars]


def _is_background(component: Segment, labels: Array) -> bool:
    """Whether a component lies along the border, as a shadow, a table's edge or an object beside the paper does."""
    touched = borders_touched(component, labels.shape)
    if not touched:
        return False
    contact = sum(int((edge == component.label).sum()) for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    solid = component.area / (component.width * component.height) > 0.6
    large = component.extent > 0.6 * max(labels.shape)
    return contact > 0.6 * component.extent and (solid or touched > 1 or large)


def remove_rules(mask: Array) -> tuple[Array, list[Box]]:
    """Remove ruled lines from a mask, uint8 ``(H, W)``, 1 where there is ink; return it and the boxes of the lines."""
    rest, rows = _remove_horizontal_rules(np.ascontiguousarray(mask), RULE_VS_INK)
    turned, columns = _remove_horizontal_rules(np.ascontiguousarray(rest.T), MARGIN_VS_INK)
    boxes = rows + [(top, left, bottom, right) for left, top, right, bottom in columns]
    return np.ascontiguousarray(turned.T), boxes


def _remove_horizontal_rules(mask: Array, vs_ink: float) -> tuple[Array, list[Box]]:
    height, width = mask.shape
    run = max(5, round(RULE_RUN * width))
    # A line that drops by a pixel here and there is still straight.
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    straight = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    if np.count_nonzero(straight.any(axis=0)) < 0.5 * RULE_SPAN * width:
        return mask, []
    # Bridge slanted strokes that cross it, and missing ink.
    straight = cv2.morphologyEx(straight, cv2.MORPH_CLOSE, np.ones((3, run), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(straight, connectivity=8, ltype=cv2.CV_32S)
    rules = [label for label in range(1, count) if _is_rule(stats[label], height, width)]
    if not rules:
        return mask, []
    rest, boxes = mask.copy(), list[Box]()
    for label in rules:
        left, top, across, down, area = (int(value) for value in stats[label])
        reach = round(1.5 * area / across) + 2
        above = max(0, top - reach)
        # Crossing strokes: ink that continues above or below for longer than the line is thick.
        around = mask[above : top + down + reach, left : left + across]
        crossing = cv2.morphologyEx(around, cv2.MORPH_OPEN, np.ones((reach, 1), np.uint8))[top - above :][:down]
        window = np.s_[top : top + down, left : left + across]
        boxes.append((left, top, left + across, top + down))
        rest[window][(labels[window] == label) & (crossing == 0)] = 0
    if len(rules) < PARALLEL_RULES:
        # A line by itself must reach from border to border: the stem of a large 9 ends before.
        _, _, other, _ = cv2.connectedComponentsWithStats(rest, connectivity=8, ltype=cv2.CV_32S)
        longest = max(int(stats[label, cv2.CC_STAT_WIDTH]) for label in rules)
        extents = other[1:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1)
        typical = _weighted_median(extents, other[1:, cv2.CC_STAT_AREA]) if len(extents) else width
        if longest < FULL_SPAN * width or vs_ink * typical > longest:
            return mask, []
    return rest, boxes


def _is_rule(stats: Array, height: int, width: int) -> bool:
    across, down, area = (int(stats[at]) for at in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    thickest = max(3.0, RULE_THICKNESS * min(height, width)) + 2
    return across >= RULE_SPAN * width and down <= 0.15 * width and area / across <= thickest


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(cumulative, cumulative[-1] / 2)]])
