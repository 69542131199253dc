"""Lines, components, cuts, and the split that reads best."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.reading import cuts
from byhand.reading.components import Segment, find_components
from byhand.reading.cuts import Cut, Line, cut_lines, find_cuts
from byhand.reading.ink import find_ink
from byhand.reading.lattice import DROP_COST, FLATNESS, MAX_COMPONENTS_PER_DIGIT, best_path, line_candidates
from byhand.reading.lines import find_lines

Array = np.ndarray[Any, Any]


def lines_of(page: Array) -> list[Line]:
    labels, components, _ = find_components(find_ink(np.repeat(page[..., None], 3, axis=2)))
    return cut_lines(labels, find_lines(components, labels.shape))[1]


def components_of(line: Line) -> set[int]:
    return {segment.component for segment in line.segments}


def test_lines_of_a_tilted_page(draw: Callable[..., Array]) -> None:
    page = draw("1111111\n1111111", gap=0.8, margin=2.5)
    for degrees in (-14, -5, 8, 15):
        turn = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), degrees, 1)
        tilted = cv2.warpAffine(page, turn, page.shape[::-1], borderValue=255)
        assert [len(components_of(line)) for line in lines_of(tilted)] == [7, 7]


@pytest.mark.parametrize("slope", [-1.1, -0.7, -0.3, 0.5, 0.9, 1.1])
def test_a_number_that_rises_or_falls_steeply_is_one_line(draw: Callable[..., Array], slope: float) -> None:
    page = draw("111111", margin=0.5, gap=0.3)
    high, step = 60, 54
    drop = round(abs(slope) * 5 * step)
    steep = np.full((page.shape[0] + drop, page.shape[1]), 255, np.uint8)
    for number in range(6):
        left = high // 2 - 10 + number * step
        top = round(slope * number * step) + (drop if slope < 0 else 0)
        steep[top : top + page.shape[0], left : left + step] = page[:, left : left + step]
    lines = lines_of(steep)
    assert [len(components_of(line)) for line in lines] == [6]
    assert [segment.box[0] for segment in lines[0].segments] == sorted(segment.box[0] for segment in lines[0].segments)


def test_numbers_in_rows_are_not_one_steep_line(draw: Callable[..., Array]) -> None:
    for text in ("11\n  11", "1\n 1\n", "111\n   111\n      111", "11\n11", " 1\n1 1"):
        lines = lines_of(draw(text))
        assert len(lines) == len([row for row in text.split("\n") if row.strip()])


def rounds(apart: int) -> Array:
    """Two rounds of radius 30 and stroke 5; `apart` is the distance of their centers."""
    mask = np.zeros((80, 160), np.uint8)
    cv2.circle(mask, (40, 40), 30, 1, 5)
    cv2.circle(mask, (40 + apart, 40), 30, 1, 5)
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width]


@pytest.mark.parametrize("apart", [60, 62, 64])
def test_touching_rounds_can_be_cut_where_they_touch(apart: int) -> None:
    mask = rounds(apart)
    middle = mask.shape[1] / 2
    found = find_cuts(mask)
    nearest = min(found, key=lambda cut: abs(float(cut.columns.mean()) - middle))
    assert abs(float(nearest.columns.mean()) - middle) < 4
    before = [int((mask * (np.arange(mask.shape[1]) < cut.columns[:, None])).sum()) for cut in found]
    assert before == sorted(before)


def test_a_cut_follows_the_white_between_slanted_strokes() -> None:
    mask = np.zeros((100, 110), np.uint8)
    cv2.line(mask, (50, 5), (10, 95), 1, 5)
    cv2.line(mask, (90, 5), (50, 95), 1, 5)
    cv2.line(mask, (30, 50), (70, 50), 1, 3)  # what joins them
    cut = min(find_cuts(mask), key=lambda cut: cut.depth)
    assert cut.depth < 1.2
    assert cut.columns[5] - cut.columns[95] > 8


def test_cuts_that_coincide(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two segments have one label, or ink of one component would count for a digit of the other."""
    labels = np.zeros((40, 120), np.int32)
    labels[:, 0:50] = 1
    labels[:, 60:110] = 2
    components = [Segment(1, (0, 0, 50, 40), 2000, 1), Segment(2, (60, 0, 110, 40), 2000, 2)]
    at = [Cut(np.full(40, column), 1.0) for column in (20, 20, 35)]
    monkeypatch.setattr(cuts, "find_cuts", lambda mask: at)
    cut_labels, (line,) = cut_lines(labels, [components])
    assert [segment.area for segment in line.segments] == [800, 600, 600] * 2
    assert len({segment.label for segment in line.segments}) == 6
    assert all((cut_labels == segment.label).sum() == segment.area for segment in line.segments)


def segment(number: int, left: int, right: int, component: int | None = None, depth: float = 0.0) -> Segment:
    return Segment(number, (left, 0, right, 40), 10, number if component is None else component, depth)


def line_of(*segments: Segment) -> Line:
    return Line(segments, 40.0)


@given(
    widths=st.lists(st.integers(5, 40), min_size=1, max_size=5),
    gaps=st.lists(st.integers(0, 30), min_size=5, max_size=5),
    seed=st.integers(0, 1000),
)
def test_the_best_path_is_the_best_of_all(widths: list[int], gaps: list[int], seed: int) -> None:
    segments, at = [], 0
    for number, width in enumerate(widths):
        segments.append(segment(number + 1, at, at + width))
        at += width + gaps[number]
    line = line_of(*segments)
    candidates = line_candidates(line, 0)
    scores = np.log(np.random.default_rng(seed).uniform(0.001, 1, len(candidates)))

    def score(chosen: tuple[int, ...]) -> float:
        covered = [one.label for index in chosen for one in candidates[index].segments]
        if len(set(covered)) < len(covered):
            return -np.inf
        read = sum(float(scores[index]) - candidates[index].cost for index in chosen)
        dropped = [one for one in segments if one.label not in covered]
        return read - sum(DROP_COST * max(one.height, FLATNESS * one.width) / 40 for one in dropped)

    subsets = itertools.chain.from_iterable(
        itertools.combinations(range(len(candidates)), count) for count in range(len(segments) + 1)
    )
    path = best_path([line], candidates, scores)
    assert score(tuple(path)) == pytest.approx(max(map(score, subsets)))
    assert [candidates[index].first for index in path] == sorted(candidates[index].first for index in path)


def test_specks_are_not_tried_in_every_combination() -> None:
    # All stand within the width of one digit.
    line = line_of(*(segment(number, number // 8, number // 8 + 2) for number in range(400)))
    candidates = line_candidates(line, 0)
    assert max(len(one.segments) for one in candidates) == MAX_COMPONENTS_PER_DIGIT
    assert len(candidates) < 400 * MAX_COMPONENTS_PER_DIGIT


def test_a_component_is_also_read_whole_however_many_cuts_it_has() -> None:
    line = line_of(*(segment(number, 5 * number, 5 * number + 5, component=1, depth=1.0) for number in range(12)))
    candidates = line_candidates(line, 0)
    (whole,) = (one for one in candidates if (one.first, one.last) == (0, 12))
    assert whole.cost == 0
    # The others pay for the cut before them.
    assert all(one.cost > 0 for one in candidates if one.first)
