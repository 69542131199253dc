"""Ink that belongs to no digit: nothing of it is dropped without saying so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from byhand.reading.components import Box, LeftOut, Segment, border_kind, ink_kind
from byhand.reading.lattice import Candidate

KINDS = ("ink", "rule", "border", "speck")
MAX_BOXES = 40
"""Most boxes of one kind; more of them become one box around all."""


def border_bars(components: Sequence[Segment], lines: Sequence[Sequence[Segment]], typical: float) -> list[LeftOut]:
    """The components that are in no line because they lie along the border; a typical digit is `typical` high."""
    inside = {one.label for line in lines for one in line}
    return [LeftOut(border_kind(one, typical), one.box) for one in components if one.label not in inside]


def not_chosen(segments: Sequence[Segment], digits: Sequence[Candidate], typical: float) -> list[LeftOut]:
    """The segments that are in no digit."""
    read = {segment.label for digit in digits for segment in digit.segments}
    return [LeftOut(ink_kind(one, typical), one.box) for one in segments if one.label not in read]


def grouped(left_out: Sequence[LeftOut]) -> Iterator[tuple[str, Box, int]]:
    """Kind, box and number of pieces of what is left out; boxes of one kind that overlap are joined."""
    for kind in KINDS:
        boxes = [(one.box, 1) for one in left_out if one.kind == kind]
        if len(boxes) <= 10 * MAX_BOXES:
            boxes = _joined(boxes)
        if len(boxes) > MAX_BOXES:
            boxes = [_around(boxes)]
        yield from ((kind, box, pieces) for box, pieces in boxes)


def _joined(boxes: Sequence[tuple[Box, int]]) -> list[tuple[Box, int]]:
    done: list[tuple[Box, int]] = []
    for one in boxes:
        grown = one
        # What it is joined with makes it larger, so that it may reach others.
        while near := [other for other in done if _overlap(grown[0], other[0])]:
            done = [other for other in done if other not in near]
            grown = _around([grown, *near])
        done.append(grown)
    return done


def _around(boxes: Sequence[tuple[Box, int]]) -> tuple[Box, int]:
    sides = np.array([box for box, _ in boxes])
    left, top = (int(side) for side in sides[:, :2].min(axis=0))
    right, bottom = (int(side) for side in sides[:, 2:].max(axis=0))
    return (left, top, right, bottom), sum(pieces for _, pieces in boxes)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
