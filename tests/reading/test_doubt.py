"""Digits that were cut out of one piece stand and fall together, and few among much that is none are none."""

from __future__ import annotations

import numpy as np
import pytest

from byhand.reading import Reader
from byhand.reading.doubt import doubtful
from byhand.reading.segment import Atom

LIMIT = 0.6


def atom(label: int, left: int, right: int, piece: int, height: int = 20, area: int = 100) -> Atom:
    return Atom(label, (left, 0, right, height), area, piece)


def test_digits_of_their_own_are_judged_alone() -> None:
    atoms = [atom(1, 0, 10, 1), atom(2, 20, 30, 2), atom(3, 40, 50, 3)]
    digits = [[one] for one in atoms]
    assert doubtful(digits, [0.99, 0.59, 0.6], atoms, LIMIT).tolist() == [False, True, False]
    assert doubtful([], [], [], LIMIT).tolist() == []


def test_a_digit_of_several_pieces_or_atoms_that_holds_them_whole() -> None:
    atoms = [atom(1, 0, 10, 1), atom(2, 10, 14, 1), atom(3, 16, 20, 2)]
    assert doubtful([atoms], [0.7], atoms, LIMIT).tolist() == [False]


@pytest.mark.parametrize(
    ("right", "confidences", "doubts"),
    [
        (30, [0.95, 0.95], [False, False]),
        (30, [0.95, 0.8], [True, True]),  # 0.76 together
        (20, [0.99, 0.99], [True, True]),  # as wide as tall: hardly two digits
        (22, [0.99, 0.99], [False, False]),
    ],
)
def test_two_digits_cut_out_of_one_piece(right: int, confidences: list[float], doubts: list[bool]) -> None:
    atoms = [atom(1, 0, right // 2, 1), atom(2, right // 2, right, 1), atom(3, 50, 60, 2), atom(4, 70, 80, 3)]
    digits = [[one] for one in atoms]
    assert doubtful(digits, [*confidences, 0.9, 0.9], atoms, LIMIT)[:2].tolist() == doubts


@pytest.mark.parametrize(("area", "doubts"), [(30, True), (20, False)])
def test_what_is_left_over_of_a_piece(area: int, doubts: bool) -> None:
    """Of 200 pixels in two digits and so many in none: more than a tenth of all speaks against the cut."""
    atoms = [atom(1, 0, 20, 1), atom(2, 20, 40, 1), atom(3, 40, 50, 1, area=area)]
    assert doubtful([[atoms[0]], [atoms[1]]], [0.99, 0.99], atoms, LIMIT).tolist() == [doubts, doubts]


def test_few_digits_among_much_that_is_none() -> None:
    atoms = [atom(n, 20 * n, 20 * n + 10, n) for n in range(8)]
    digits = [[one] for one in atoms]
    assert doubtful(digits, [0.9] * 6 + [0.1] * 2, atoms, LIMIT).tolist() == [False] * 6 + [True] * 2
    assert doubtful(digits, [0.9] * 5 + [0.1] * 3, atoms, LIMIT).all()
    # A digit and a fleck are a digit and a fleck.
    assert doubtful(digits[:2], [0.9, 0.1], atoms[:2], LIMIT).tolist() == [False, True]
    assert doubtful(digits[:3], [0.9, 0.1, 0.1], atoms[:3], LIMIT).all()


def test_a_letter_that_falls_into_ones() -> None:
    """H, of which each half is a 1: whatever is found is unsure."""
    page = np.full((120, 120), 230, np.uint8)
    page[20:100, 30:40] = page[20:100, 78:88] = page[55:64, 30:88] = 40
    reading = Reader().read(page)
    assert all(digit.unsure for digit in reading.digits)
