"""Digits cut out of one component are accepted together, and few digits among many non-digits not at all."""

from __future__ import annotations

import numpy as np
import pytest

from byhand.reading import Reader
from byhand.reading.components import Segment
from byhand.reading.review import at_border, needs_review

LIMIT = 0.6


def segment(label: int, left: int, right: int, component: int, area: int = 100) -> Segment:
    return Segment(label, (left, 0, right, 20), area, component)


def test_digits_of_separate_components_are_independent() -> None:
    segments = [segment(1, 0, 10, 1), segment(2, 20, 30, 2), segment(3, 40, 50, 3)]
    digits = [[one] for one in segments]
    assert needs_review(digits, [0.99, 0.59, 0.6], segments, LIMIT).tolist() == [False, True, False]
    assert needs_review([], [], [], LIMIT).tolist() == []


def test_a_digit_may_consist_of_several_components_and_segments() -> None:
    segments = [segment(1, 0, 10, 1), segment(2, 10, 14, 1), segment(3, 16, 20, 2)]
    assert needs_review([segments], [0.7], segments, LIMIT).tolist() == [False]


@pytest.mark.parametrize(
    ("right", "confidences", "unsure"),
    [
        (30, [0.98, 0.98], [False, False]),
        (30, [0.98, 0.96], [True, True]),  # 0.94 together
        (20, [0.99, 0.99], [True, True]),  # as wide as tall: hardly two digits
        (22, [0.99, 0.99], [False, False]),
    ],
)
def test_two_digits_cut_out_of_one_component(right: int, confidences: list[float], unsure: list[bool]) -> None:
    segments = [
        segment(1, 0, right // 2, 1),
        segment(2, right // 2, right, 1),
        segment(3, 50, 60, 2),
        segment(4, 70, 80, 3),
    ]
    digits = [[one] for one in segments]
    assert needs_review(digits, [*confidences, 0.9, 0.9], segments, LIMIT)[:2].tolist() == unsure


@pytest.mark.parametrize(("right", "confidence", "unsure"), [(30, 0.9, True), (30, 0.98, False), (20, 0.9, False)])
def test_a_wide_component_that_is_read_as_one_digit(right: int, confidence: float, unsure: bool) -> None:
    """Two digits that touch are wider than tall."""
    segments = [segment(1, 0, right, 1)]
    assert needs_review([segments], [confidence], segments, LIMIT).tolist() == [unsure]


@pytest.mark.parametrize(("area", "unsure"), [(30, True), (20, False)])
def test_ink_left_over(area: int, unsure: bool) -> None:
    """At most a tenth of the component may be in no digit: of 230 pixels 30 are too many, of 220 20 are not."""
    segments = [segment(1, 0, 20, 1), segment(2, 20, 40, 1), segment(3, 40, 50, 1, area=area)]
    assert needs_review([[segments[0]], [segments[1]]], [0.99, 0.99], segments, LIMIT).tolist() == [unsure, unsure]


def test_few_digits_among_many_non_digits() -> None:
    segments = [segment(n, 20 * n, 20 * n + 10, n) for n in range(8)]
    digits = [[one] for one in segments]
    assert needs_review(digits, [0.9] * 6 + [0.1] * 2, segments, LIMIT).tolist() == [False] * 6 + [True] * 2
    assert needs_review(digits, [0.9] * 5 + [0.1] * 3, segments, LIMIT).all()
    assert needs_review(digits[:2], [0.9, 0.1], segments[:2], LIMIT).tolist() == [False, True]
    assert needs_review(digits[:3], [0.9, 0.1, 0.1], segments[:3], LIMIT).all()


def test_a_digit_that_the_border_may_have_cut_off() -> None:
    inside, left, below = (10, 10, 20, 30), (0, 10, 8, 30), (30, 20, 40, 50)
    shape = (50, 100)
    assert at_border([left, inside, inside], shape).tolist() == [True, False, False]
    assert at_border([inside, inside, below], shape).tolist() == [False, False, True]
    # Tight crops: the only digit, or most of them.
    assert at_border([left], shape).tolist() == [False]
    assert at_border([left, below, inside], shape).tolist() == [False, False, False]
    assert at_border([], shape).tolist() == []


def test_the_letter_h_is_not_two_ones(reader: Reader) -> None:
    page = np.full((120, 120), 230, np.uint8)
    page[20:100, 30:40] = page[20:100, 78:88] = page[55:64, 30:88] = 40
    reading = reader.read(page)
    assert all(digit.unsure for digit in reading.digits)
