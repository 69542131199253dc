"""Lines, pieces, cuts, and the division that reads best."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.reading.cuts import cuts_of
from byhand.reading.ink import find_ink
from byhand.reading.lattice import DROPPING, FLAT, MOST_PIECES, Group, best_division, groups_of
from byhand.reading.segment import Atom, segment

Array = np.ndarray[Any, Any]


def parted(page: Array) -> Any:
    return segment(find_ink(np.repeat(page[..., None], 3, axis=2)))


def test_lines_and_their_order(draw: Callable[..., Array]) -> None:
    found = parted(draw("123\n45\n6"))
    pieces = [len({atom.piece for atom in line}) for line in found.lines]
    assert pieces == [3, 2, 1]
    tops = [min(atom.box[1] for atom in line) for line in found.lines]
    assert tops == sorted(tops)
    for line in found.lines:
        centres = [atom.box[0] + atom.box[2] for atom in line]
        assert centres == sorted(centres)


def test_lines_of_a_page_held_aslant(draw: Callable[..., Array]) -> None:
    page = draw("1111111\n1111111", gap=0.8, margin=2.5)
    for degrees in (-14, -5, 8, 15):
        turn = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), degrees, 1)
        aslant = cv2.warpAffine(page, turn, page.shape[::-1], borderValue=255)
        assert [len({atom.piece for atom in line}) for line in parted(aslant).lines] == [7, 7]


def test_digits_at_different_heights_are_one_line(draw: Callable[..., Array]) -> None:
    page = np.full((160, 400), 255, np.uint8)
    for number, digit in enumerate("1234"):
        tile = draw(digit, margin=0.1)
        top = 20 + 25 * (number % 2)
        page[top : top + tile.shape[0], 90 * number + 20 : 90 * number + 20 + tile.shape[1]] = tile
    assert len(parted(page).lines) == 1


def test_dust_is_left_out(draw: Callable[..., Array]) -> None:
    page = draw("25", high=100, pen=6)
    clean = parted(page)
    for x, y in ((10, 10), (100, 40), (170, 190)):
        cv2.circle(page, (x, y), 2, 0, -1)
    dusty = parted(page)
    assert [len(line) for line in dusty.lines] == [len(line) for line in clean.lines]


def rounds(apart: int) -> Array:
    """Two rounds whose middles are so far apart; their radius is 30 and their stroke 5."""
    mask = np.zeros((80, 160), np.uint8)
    cv2.circle(mask, (40, 40), 30, 1, 5)
    cv2.circle(mask, (40 + apart, 40), 30, 1, 5)
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width]


@pytest.mark.parametrize("apart", [60, 62, 64])
def test_touching_rounds_can_be_cut_where_they_touch(apart: int) -> None:
    mask = rounds(apart)
    middle = mask.shape[1] / 2
    cuts = cuts_of(mask)
    nearest = min(cuts, key=lambda cut: abs(float(cut.columns.mean()) - middle))
    assert abs(float(nearest.columns.mean()) - middle) < 4
    shares = [float((mask * (np.arange(mask.shape[1]) < cut.columns[:, None])).sum() / mask.sum()) for cut in cuts]
    assert shares == sorted(shares)


def test_a_cut_follows_the_white_between_slanted_strokes() -> None:
    mask = np.zeros((100, 110), np.uint8)
    cv2.line(mask, (50, 5), (10, 95), 1, 5)
    cv2.line(mask, (90, 5), (50, 95), 1, 5)
    cv2.line(mask, (30, 50), (70, 50), 1, 3)  # what joins them
    cut = min(cuts_of(mask), key=lambda cut: cut.depth)
    assert cut.depth < 1.2
    assert cut.columns[5] - cut.columns[95] > 8


def atom(number: int, left: int, right: int, piece: int | None = None, cut: float = 0.0) -> Atom:
    return Atom(number, (left, 0, right, 40), 10, number if piece is None else piece, cut)


@given(
    widths=st.lists(st.integers(5, 40), min_size=1, max_size=5),
    gaps=st.lists(st.integers(0, 30), min_size=5, max_size=5),
    seed=st.integers(0, 1000),
)
def test_the_best_division_is_the_best_of_all(widths: list[int], gaps: list[int], seed: int) -> None:
    atoms, at = [], 0
    for number, width in enumerate(widths):
        atoms.append(atom(number + 1, at, at + width))
        at += width + gaps[number]
    groups = groups_of(atoms, 40.0)
    logs = np.log(np.random.default_rng(seed).uniform(0.001, 1, len(groups)))

    def score(chosen: tuple[int, ...]) -> float:
        covered = [place for at in chosen for place in range(groups[at].first, groups[at].last)]
        if len(set(covered)) < len(covered):
            return -np.inf
        read = sum(float(logs[at]) - groups[at].cost for at in chosen)
        left = [one for place, one in enumerate(atoms) if place not in covered]
        return read - sum(DROPPING * max(one.height, FLAT * one.width) / 40 for one in left)

    subsets = itertools.chain.from_iterable(
        itertools.combinations(range(len(groups)), count) for count in range(len(atoms) + 1)
    )
    taken = best_division(atoms, 40.0, groups, logs)
    assert score(tuple(taken)) == pytest.approx(max(map(score, subsets)))
    assert [groups[at].first for at in taken] == sorted(groups[at].first for at in taken)


def test_groups_of_what_may_be_one_digit() -> None:
    # A stem and a bar near it may be a 4; the third stands too far away.
    found = {(group.first, group.last) for group in groups_of([atom(1, 0, 5), atom(2, 9, 30), atom(3, 80, 100)], 40)}
    assert found == {(0, 1), (0, 2), (1, 2), (2, 3)}


def test_flecks_are_not_tried_in_every_combination() -> None:
    # All stand within the width of one digit.
    flecks = [atom(number, number // 8, number // 8 + 2) for number in range(400)]
    groups = groups_of(flecks, 40.0)
    assert max(group.last - group.first for group in groups) == MOST_PIECES
    assert len(groups) < len(flecks) * MOST_PIECES


def test_a_piece_is_read_whole_however_often_it_may_be_cut() -> None:
    atoms = [atom(number, 5 * number, 5 * number + 5, piece=1, cut=1.0) for number in range(12)]
    groups = groups_of(atoms, 40.0)
    whole = next(group for group in groups if (group.first, group.last) == (0, 12))
    assert whole == Group(0, 12, 0.0)
    # Parts pay for the cut before them.
    assert all(group.cost > 0 for group in groups if group.first)
