"""Derivatives by central differences, away from kinks.

::

    df/dx_i  ~  ( f(x + h e_i) - f(x - h e_i) ) / 2h          error: h^2 f'''/6 + rounding/h

A rectifier or a maximum has no derivative at its kink, and a difference across one says nothing. So a step is used
only if no kink lies within it: the same rectifiers are open and the same values are the largest at all three of
x - h, x and x + h (`active`). If not, a smaller step is tried, and if none is free, another entry. The tolerance stays
what it is.

Of a layer that we do not know (yours, perhaps) nobody can tell where its kinks are. There, an entry that seems wrong is
looked at again with steps h and h/2. If f is smooth, both give the same derivative, and the second differences
``f(x + h) - 2 f(x) + f(x - h)`` shrink to a quarter; if not, x is at a kink and the entry is left out. This looks at f
alone, never at the derivative by hand, so it can excuse no mistake; and if four times as many derivatives must be
left out as can be compared, or more, the check fails.

What *relative* means: a difference is divided by the larger of the two values, but by no less than a hundredth of the
parameter's largest entry and a thousandth of the network's. Differences of a loss near 3 cannot resolve more: the
rounding of f is about 1e-15, hence that of its differences, 1e-15 / 2h, between 5e-12 and 5e-10.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from byhand.hands.base import Array
from byhand.models import layers
from byhand.verify.result import Part, index

STEPS = (1e-4, 1e-5, 1e-6)
"""Steps h, tried in this order."""
TOLERANCE = 1e-6
SMALL_ENTRY = 1e-2
"""Share of a parameter's largest entry by which a difference is divided at least."""
SMALL_PARAMETER = 1e-3
"""Share of the network's largest entry by which a difference is divided at least."""

Active = list[Array]
"""Which rectifiers were open and which values the largest, in one pass: boolean arrays."""

Along = tuple[Any, Any]
"""A direction: which entries of x move, and how much each; one entry by 1, or all of them."""

Function = Callable[[], tuple[Any, Active]]
"""Computes f, a number or an array, at the present x."""


def active(about: layers.Layer, x: Array, y: Array) -> Active:
    """Give what a layer's kinks depend on, from what enters and what leaves it."""
    if isinstance(about, layers.ReLU):
        return [y > 0]
    if isinstance(about, layers.MaxPool2d):
        n, maps = about.size, x[..., None] if x.ndim == 3 else x
        B, H, W, C = y.shape
        blocks = maps[:, : H * n, : W * n].reshape(B, H, n, W, n, C)
        return [blocks == y[:, :, None, :, None, :]]
    return []


class Point:
    """A function f of an array x, to be differentiated at the place where x is.

    Parameters
    ----------
    x
        The array, contiguous; moved while a derivative is taken, and put back.
    function
        Computes f at the present x.
    weigh
        Turns a difference of two values of f into a number: the identity, or the product with given weights.
    """

    def __init__(self, x: Array, function: Function, weigh: Callable[[Any], float] = float) -> None:
        self.x, self.function, self.weigh = x, function, weigh
        self.value, self.active = function()

    def at(self, along: Along, step: float) -> tuple[Any, bool]:
        """Compute f at ``x + step along``, and whether no kink lies between."""
        place, amount = along
        kept = np.copy(self.x[place])
        self.x[place] = kept + step * amount
        value, now = self.function()
        self.x[place] = kept
        return value, all(np.array_equal(a, b) for a, b in zip(self.active, now, strict=True))

    def derivatives(self, along: Along) -> Iterator[float]:
        """Take central differences along a direction, one for every step that meets no known kink."""
        for h in STEPS:
            (above, one), (below, other) = self.at(along, h), self.at(along, -h)
            if one and other:
                yield self.weigh(above - below) / (2 * h)

    def smooth(self, along: Along, scale: float) -> bool:
        """Whether f looks smooth here, judged by f alone."""
        for h in STEPS[1:]:
            (above, _), (below, _) = self.at(along, h), self.at(along, -h)
            (near_above, _), (near_below, _) = self.at(along, h / 2), self.at(along, -h / 2)
            whole, half = self.weigh(above - below) / (2 * h), self.weigh(near_above - near_below) / h
            bend = self.weigh((above - self.value) - (self.value - below)) / h
            near_bend = self.weigh((near_above - self.value) - (self.value - near_below)) / h
            if abs(whole - half) <= 10 * TOLERANCE * scale and abs(bend - 4 * near_bend) <= 10 * TOLERANCE * scale:
                return True
        return False


def compare(name: str, point: Point, by_hand: Array, rng: np.random.Generator, count: int, all_of_it: float) -> Part:
    """Compare a gradient by hand with differences: some entries, and all of them at once along random directions.

    Parameters
    ----------
    name
        The part's.
    point
        f, as a function of the array that the gradient is to.
    by_hand
        The gradient by hand, of the array's shape.
    rng
        Draws entries and directions.
    count
        How many entries; all, where there are no more. Half of them are the largest, half are drawn.
    all_of_it
        The largest gradient of all that this is a part of, for `SMALL_PARAMETER`.
    """
    by_hand = by_hand.reshape(point.x.shape)
    if not np.isfinite(by_hand).all():
        place = np.unravel_index(int(np.argmin(np.isfinite(by_hand))), by_hand.shape)
        return Part(name, math.inf, by_hand.size, f"{index(place)}: {by_hand[place]} by hand")
    largest = float(np.abs(by_hand).max())
    least = max(SMALL_ENTRY * largest, SMALL_PARAMETER * all_of_it, np.finfo(np.float64).tiny)
    worst, compared, kinked = Part(name, 0.0, 0, ""), 0, 0
    for place in _places(by_hand, rng, count):
        if compared == min(count, by_hand.size):
            break
        part = _compared(f"{name}{index(place)}", point, (place, 1.0), float(by_hand[place]), least)
        if part is None:
            kinked += 1
            continue
        compared += 1
        worst = max(worst, part, key=lambda part: part.difference)
    for _ in range(2 if by_hand.size > count else 0):
        # All entries at once; a direction of length 1 sees about the root mean square of the gradient.
        along = rng.choice([-1.0, 1.0], by_hand.shape) / math.sqrt(by_hand.size)
        rms = math.sqrt(float(np.mean(np.square(by_hand))))
        slope = float(np.sum(along * by_hand))
        part = _compared(f"{name} along a random direction", point, (..., along), slope, max(rms, least))
        if part is None:
            kinked += 1
            continue
        compared += 1
        worst = max(worst, part, key=lambda part: part.difference)
    if compared <= kinked // 4:
        told = f": {kinked} of {kinked + compared} derivatives lie at kinks; the others are too few to judge by"
        return Part(name, math.inf, compared, told)
    return Part(name, worst.difference, compared, worst.name.removeprefix(name) + worst.where)


def _places(by_hand: Array, rng: np.random.Generator, count: int) -> list[tuple[Any, ...]]:
    """Entries to look at, in this order: the largest and drawn ones by turns, with some more for those at kinks."""
    flat = np.abs(by_hand).ravel()
    many = min(flat.size, 4 * count)
    if flat.size <= count:
        chosen = np.arange(flat.size)
    else:
        large = np.argsort(-flat, kind="stable")[:many]
        drawn = rng.choice(flat.size, many, replace=False)
        chosen = np.array(list(dict.fromkeys(np.stack([large, drawn], axis=1).ravel().tolist())))
    return [tuple(np.unravel_index(int(entry), by_hand.shape)) for entry in chosen]


def _compared(name: str, point: Point, along: Along, by_hand: float, least: float) -> Part | None:
    """Compare one derivative; ``None`` at a kink."""
    best: Part | None = None
    scale = max(abs(by_hand), least)
    for slope in point.derivatives(along):
        scale = max(abs(slope), abs(by_hand), least)
        difference = abs(slope - by_hand) / scale if math.isfinite(slope) else math.inf
        if best is None or difference < best.difference:
            best = Part(name, difference, 1, f": {by_hand:.10g} by hand, {slope:.10g} by central differences")
        # A large step may bend away, a small one drown in rounding; one that agrees well is enough.
        if difference <= TOLERANCE / 10:
            break
    return best if best is not None and (best.difference <= TOLERANCE or point.smooth(along, scale)) else None
