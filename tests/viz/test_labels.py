"""Labels: apart from one another, near their points, and clear of marks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.viz import style
from byhand.viz.labels import MARK, label_points, spread


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_spread_positions_keep_their_distance_and_order(positions: list[float]) -> None:
    moved = spread(positions, 0.1)
    for one, other in itertools.combinations(range(len(moved)), 2):
        assert abs(moved[one] - moved[other]) >= 0.1 - 1e-9
        assert positions[one] == positions[other] or (positions[one] < positions[other]) == (moved[one] < moved[other])
    assert max(moved) <= 0.95
    assert min(moved) > -0.01


def test_positions_far_enough_apart_stay() -> None:
    assert spread([0.9, 0.2, 0.5], 0.1) == [0.9, 0.2, 0.5]


@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_no_other_label_and_no_mark(seed: int) -> None:
    points = [(float(x), float(y)) for x, y in np.random.default_rng(seed).random((8, 2))]
    names = [f"network-{number}" for number in range(8)]
    with style.applied():
        figure = style.figure(9.9, 5.6)
        axes = figure.add_axes((0.1, 0.1, 0.85, 0.85))
        axes.set(xlim=(0, 1), ylim=(0, 1))
        label_points(axes, points, names, [style.INK] * 8)
        boxes = [text.get_window_extent() for text in axes.texts]
    marks = axes.transData.transform(points)
    assert [text.get_text() for text in axes.texts] == names
    for index, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:index])
        assert not box.padded(MARK / 2).count_contains(marks)
        assert math.dist(np.clip(marks[index], box.min, box.max), marks[index]) < 60
