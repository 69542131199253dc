"""Names beside points, where they lie on nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from byhand.viz import style

Point = tuple[float, float]

HIGH = 0.19
"""Inches that a line of text takes."""
AIR = 0.04
NEAR = 0.13
"""Inches from a point to the middle of a name beside it, from which on a line leads there."""


@dataclass(frozen=True)
class Name:
    """Where a name lies: its left end and the middle of its height, in inches, and its width."""

    x: float
    y: float
    width: float

    def overlap(self, other: Name) -> float:
        """Area that two names share, with some air around them."""
        wide = min(self.x + self.width, other.x + other.width) - max(self.x, other.x) + 2 * AIR
        high = HIGH - abs(self.y - other.y) + AIR
        return max(wide, 0.0) * max(high, 0.0)

    def covers(self, point: Point) -> bool:
        """Whether a point lies under the name."""
        x, y = point
        return self.x - AIR < x < self.x + self.width + AIR and abs(self.y - y) < HIGH / 2 + AIR

    def nearest(self, point: Point) -> Point:
        """The place of the name's edge that is nearest to a point."""
        x, y = point
        return min(max(x, self.x), self.x + self.width), min(max(y, self.y - HIGH / 2), self.y + HIGH / 2)


def placed(
    points: Sequence[Point], names: Sequence[str], drawn: Sequence[Point], size: Point, text: float = style.SMALL
) -> list[Name]:
    """Find places for names near their points.

    Parameters
    ----------
    points
        What is named, in inches from the lower left of the axes.
    names
        Their names.
    drawn
        Points that names should not lie on: those of curves.
    size
        Width and height of the axes in inches, which names stay within.
    text
        Size of type in points.

    Returns
    -------
    list of Name
        In the order of `names`. The most crowded are placed first, each where it costs least: names overlap at no
        price, lie on curves at a high one, and are close to their points otherwise.
    """
    crowded = sorted(
        range(len(points)),
        key=lambda one: sum(_distance(points[one], other) for other in points) / len(points),
    )
    found: dict[int, Name] = {}
    for one in crowded:
        width = style.width_of(names[one], text, "bold")
        others = [point for place, point in enumerate(points) if place != one]

        def cost(name: Name, one: int = one, others: Sequence[Point] = others) -> float:
            outside = max(-name.x, 0) + max(name.x + name.width - size[0], 0)
            outside += max(HIGH / 2 - name.y, 0) + max(name.y + HIGH / 2 - size[1], 0)
            return (
                1000 * (outside + sum(name.overlap(other) for other in found.values()))
                + 30 * sum(name.covers(point) for point in others)
                + 0.5 * sum(name.covers(point) for point in drawn)
                + 3 * _distance(points[one], name.nearest(points[one]))
            )

        found[one] = min(_candidates(points[one], width), key=cost)
    return [found[one] for one in range(len(points))]


def _candidates(point: Point, width: float) -> list[Name]:
    x, y = point
    candidates = []
    for far in (0.13, 0.2, 0.3, 0.42, 0.56, 0.72, 0.9, 1.1):
        for up in (0, far / 2, -far / 2, far, -far):
            candidates += [Name(x + far, y + up, width), Name(x - far - width, y + up, width)]
        for along in (0.5, 0.25, 0.75, 0, 1):
            candidates += [Name(x - along * width, y + side * (far + HIGH / 2), width) for side in (1, -1)]
    return candidates


def _distance(one: Point, other: Point) -> float:
    return float(((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5)
