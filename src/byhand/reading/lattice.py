"""Which segments form a digit: every plausible group is read, and each line is split in the way that scores best.

Over the segments a[0..n-1] of a line, with s(i, j) the score of reading a[i..j-1] as one digit and d(i) the score of
dropping a[i] as dirt (Viterbi's recursion),

    best(0) = 0,    best(j) = max( max_i best(i) + s(i, j),  best(j - 1) + d(j - 1) ).

s is a log-probability minus the costs of joining distant segments, cutting strokes and being smaller than the line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.reading.components import Box, Segment, bounding_box
from byhand.reading.cuts import Line

Array = npt.NDArray[Any]

MAX_CUT_SEGMENTS = 7
"""Most segments in a digit that is cut out of a component."""
MAX_COMPONENTS_PER_DIGIT = 12
"""Most components in a digit: a broken stroke leaves a few, a pattern of specks hundreds."""
MAX_WIDTH = 1.5
"""Largest width of a digit of several components, in line heights."""
MAX_GAP = 0.45
"""Largest gap inside a digit, in line heights."""
GAP_COST, CUT_COST, DEPTH_COST = 4.0, 1.0, 0.5
"""Costs of a gap of one line height, of a cut, and of each stroke width that a cut crosses."""
DROP_COST = 9.0
"""Cost of dropping a segment as tall as the line."""
SIZE_COST, SMALL = 8.0, 0.4
"""Cost of each line height by which a digit is smaller than `SMALL` line heights."""
FLATNESS = 0.3
"""Fraction of a dropped segment's width that counts as its height: dropping a dash costs less than dropping a stem."""
MAX_CANDIDATES, MAX_CANDIDATE_PIXELS = 4_000, 60_000_000
"""Most candidates of a picture, and most pixels of their boxes together: a page of 500 digits that touch has 2,000."""
SINGLE_COMPONENTS = 6
"""Number of components added one at a time in a picture that is known to show one digit."""
LEFT_OUT_COST = 6.0
"""Cost of leaving out all the ink in a picture that is known to show one digit."""


@dataclass(frozen=True)
class Candidate:
    """Neighboring segments that may be one digit.

    Attributes
    ----------
    segments
        The segments.
    line
        Number of their line.
    first
        Index of the first one in the line.
    cost
        Cost of the group, apart from its reading.
    """

    segments: tuple[Segment, ...]
    line: int
    first: int
    cost: float

    @property
    def last(self) -> int:
        """Index after the last segment."""
        return self.first + len(self.segments)

    @property
    def box(self) -> Box:
        """Left, top, right and bottom in pixels of the ink."""
        return bounding_box(self.segments)

    @property
    def extent(self) -> int:
        """The longer side of its box."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


def single_candidates(components: Sequence[Segment]) -> list[Candidate]:
    """Candidates for the only digit of a picture: the largest components together, a few or all of them."""
    counts = list(range(1, min(len(components), SINGLE_COMPONENTS) + 1))
    if len(components) > SINGLE_COMPONENTS:
        counts.append(len(components))
    total = sum(one.extent for one in components)
    candidates = []
    for count in counts:
        left_out = 1 - sum(one.extent for one in components[:count]) / total
        candidates.append(Candidate(tuple(components[:count]), 0, 0, LEFT_OUT_COST * left_out))
    return candidates


def best_single(candidates: Sequence[Candidate], scores: Array) -> list[int]:
    """List with the index of the best of `single_candidates`; empty if there are none."""
    if not candidates:
        return []
    return [int((scores - np.array([candidate.cost for candidate in candidates])).argmax())]


def line_candidates(line: Line, number: int) -> list[Candidate]:
    """Groups of neighboring segments of a line that may be one digit."""
    segments, height = line.segments, line.height
    candidates = []
    for first in range(len(segments)):
        left, top, right, bottom = segments[first].box
        gaps = 0.0
        components = set[int]()
        for last in range(first + 1, len(segments) + 1):
            segment = segments[last - 1]
            components.add(segment.component)
            if len(components) > MAX_COMPONENTS_PER_DIGIT:
                break
            if last > first + 1:
                gap = _gap(segment, segments[first : last - 1]) / height
                if gap > MAX_GAP:
                    break
                gaps += gap
            left, top = min(left, segment.box[0]), min(top, segment.box[1])
            right, bottom = max(right, segment.box[2]), max(bottom, segment.box[3])
            if len(components) > 1 and right - left > MAX_WIDTH * max(height, bottom - top):
                break
            # Whole components may be one digit, however many cuts they have.
            whole = not _is_cut(segments, first) and not _is_cut(segments, last)
            if last - first > MAX_CUT_SEGMENTS and not whole:
                continue
            cost = GAP_COST * gaps + SIZE_COST * max(0.0, SMALL - max(bottom - top, right - left) / height)
            # A cut is counted once, in the digit on its right.
            if _is_cut(segments, first):
                cost += CUT_COST + DEPTH_COST * segments[first].cut_depth
            candidates.append(Candidate(segments[first:last], number, first, cost))
    return candidates


def within_limits(candidates: Sequence[Candidate]) -> list[Candidate]:
    """All candidates, or, where there are more than a page of writing has, whole components as far as limits allow."""
    kept = list(candidates)
    if len(kept) <= MAX_CANDIDATES and sum(_area(one) for one in kept) <= MAX_CANDIDATE_PIXELS:
        return kept
    parts = Counter(part.component for part in {part for one in kept for part in one.segments})
    whole = [
        one
        for one in kept
        if len({part.component for part in one.segments}) == 1 and len(one.segments) == parts[one.segments[0].component]
    ]
    area = np.cumsum([_area(one) for one in whole])
    return whole[: min(MAX_CANDIDATES, int(np.searchsorted(area, MAX_CANDIDATE_PIXELS, side="right")))]


def best_path(lines: Sequence[Line], candidates: Sequence[Candidate], scores: Array) -> list[int]:
    """Split every line into digits.

    `scores` ``(C,)`` holds the log-probability of each candidate. Returns the indices of the candidates taken, in
    reading order.
    """
    ending: dict[tuple[int, int], list[int]] = {}
    for index, candidate in enumerate(candidates):
        ending.setdefault((candidate.line, candidate.last), []).append(index)
    path: list[int] = []
    for number, line in enumerate(lines):
        count = len(line.segments)
        best = [0.0] + [-math.inf] * count
        taken: list[int | None] = [None] * (count + 1)
        for end, dropped in enumerate(line.segments, 1):
            best[end] = best[end - 1] - DROP_COST * max(dropped.height, FLATNESS * dropped.width) / line.height
            for index in ending.get((number, end), []):
                candidate = candidates[index]
                score = best[candidate.first] + float(scores[index]) - candidate.cost
                if score > best[end]:
                    best[end], taken[end] = score, index
        backwards: list[int] = []
        end = count
        while end:
            if (last := taken[end]) is None:
                end -= 1
            else:
                backwards.append(last)
                end = candidates[last].first
        path += backwards[::-1]
    return path


def _area(candidate: Candidate) -> int:
    left, top, right, bottom = candidate.box
    return (right - left) * (bottom - top)


def _is_cut(segments: Sequence[Segment], at: int) -> bool:
    """Whether there is a cut through a component before a segment."""
    return 0 < at < len(segments) and segments[at - 1].component == segments[at].component


def _gap(segment: Segment, others: Sequence[Segment]) -> float:
    """Distance from a segment's box to the nearest of others, in pixels; 0 where they overlap or were cut apart."""
    if any(other.component == segment.component for other in others):
        return 0.0
    boxes = np.array([other.box for other in others], float)
    across = np.maximum(boxes[:, 0] - segment.box[2], segment.box[0] - boxes[:, 2])
    down = np.maximum(boxes[:, 1] - segment.box[3], segment.box[1] - boxes[:, 3])
    return float(np.hypot(np.maximum(across, 0), np.maximum(down, 0)).min())
