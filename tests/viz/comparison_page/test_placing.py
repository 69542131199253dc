"""Names lie near their points, inside, and on nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.viz import style
from byhand.viz.comparison.label_placement import HIGH, Name, placed

SIZE = (8.0, 4.5)
PLACES = st.tuples(st.floats(0, SIZE[0]), st.floats(0, SIZE[1]))


def inside(name: Name) -> bool:
    slack = 1e-9
    return (
        name.x >= -slack
        and name.x + name.width <= SIZE[0] + slack
        and HIGH / 2 - slack <= name.y <= SIZE[1] - HIGH / 2 + slack
    )


def overlap(one: Name, other: Name) -> bool:
    return (
        one.x < other.x + other.width and other.x < one.x + one.width and abs(one.y - other.y) < HIGH
    )  # rectangles that share area


@given(st.lists(PLACES, min_size=1, max_size=8))
def test_names_keep_apart(points: list[tuple[float, float]]) -> None:
    names = [f"network-{place}" for place in range(len(points))]
    found = placed(points, names, [], SIZE)
    for place, one in enumerate(found):
        assert inside(one)
        assert one.width == style.width_of(names[place], style.SMALL, "bold")
        assert not any(overlap(one, other) for other in found[:place])
        assert math.dist(points[place], one.nearest(points[place])) < 2


def test_all_in_one_place() -> None:
    found = placed([(4.0, 2.0)] * 12, [f"n{place}" for place in range(12)], [], SIZE)
    assert not any(overlap(one, other) for place, one in enumerate(found) for other in found[:place])


@pytest.mark.parametrize("side", [1, -1])
def test_a_name_gives_way_to_a_curve(side: int) -> None:
    point = (4.0, 2.0)
    free = placed([point], ["here"], [], SIZE)[0]
    curve = [(4.0 + side * step / 20, 2.0) for step in range(1, 40)]
    there = placed([point], ["here"], curve, SIZE)[0]
    assert not any(there.covers(place) for place in curve)
    if side == 1:
        # Alone it would lie to the right.
        assert any(free.covers(place) for place in curve)
