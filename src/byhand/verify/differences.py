"""Derivatives by central differences, away from kinks.

::

    df/dx_i  ~  ( f(x + h e_i) - f(x - h e_i) ) / 2h          error: h^2 f'''/6 + rounding/h

A rectifier or a maximum has no derivative at its kink, and a difference across one says nothing. So a step is used
only if no kink lies within it: the same rectifiers are open and the same values are the largest at x - h, x and x + h
(`active`). If not, a smaller step is tried, and if none is free, another entry. The tolerance stays what it is.

Where the kinks of a layer are unknown (yours, perhaps), an entry that seems wrong is looked at again with steps h and
h/2. If f is smooth, both give the same derivative, and the second differences ``f(x + h) - 2 f(x) + f(x - h)`` shrink
to a quarter; if not, x is at a kink and the entry is left out. This uses only f, never the derived gradient,
so it can excuse no mistake; and if at least four times as many derivatives must be left out as can be compared, the
check fails.

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
"""Smallest divisor of a difference, as a fraction of its parameter's largest entry."""
SMALL_PARAMETER = 1e-3
"""Smallest divisor of a difference, as a fraction of the network's largest entry."""

Active = list[Array]
"""Which rectifiers were open and which values the largest, in one pass: boolean arrays."""

Along = tuple[Any, Any]
"""A direction: which entries of x move, and how much each; one entry by 1, or all of them."""

Function = Callable[[], tuple[Any, Active]]
"""Computes f, a number or an array, at the present x."""


def active(settings: layers.Layer, x: Array, y: Array) -> Active:
    """Return the values that a layer's kinks depend on, from its input and output."""
    if isinstance(settings, layers.ReLU):
        return [y > 0]
    if isinstance(settings, layers.MaxPool2d):
        n, maps = settings.size, x[..., None] if x.ndim == 3 else x
        B, H, W, C = y.shape
        blocks = maps[:, : H * n, : W * n].reshape(B, H, n, W, n, C)
        return [blocks == y[:, :, None, :, None, :]]
    return []


class Point:
    """A function f of an array x, to be differentiated at the present x.

    Parameters
    ----------
    x
        The array, contiguous; changed while a derivative is taken, and restored.
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
        entries, amount = along
        before = np.copy(self.x[entries])
        self.x[entries] = before + step * amount
        value, now = self.function()
        self.x[entries] = before
        return value, all(np.array_equal(a, b) for a, b in zip(self.active, now, strict=True))

    def derivatives(self, along: Along) -> Iterator[float]:
        """Take central differences along a direction, one for every step that meets no known kink."""
        for h in STEPS:
            (above, one), (below, other) = self.at(along, h), self.at(along, -h)
            if one and other:
                yield self.weigh(above - below) / (2 * h)

    def smooth(self, along: Along, scale: float) -> bool:
        """Whether f looks smooth here, without using its derivative."""
        for h in STEPS[1:]:
            (above, _), (below, _) = self.at(along, h), self.at(along, -h)
            (near_above, _), (near_below, _) = self.at(along, h / 2), self.at(along, -h / 2)
            whole, half = self.weigh(above - below) / (2 * h), self.weigh(near_above - near_below) / h
            bend = self.weigh((above - self.value) - (self.value - below)) / h
            near_bend = self.weigh((near_above - self.value) - (self.value - near_below)) / h
            if abs(whole - half) <= 10 * TOLERANCE * scale and abs(bend - 4 * near_bend) <= 10 * TOLERANCE * scale:
                return True
        return False


def compare(
    name: str, point: Point, by_hand: Array, rng: np.random.Generator, count: int, network_largest: float
) -> Part:
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
        Number of entries, or all if there are fewer. Half of them are the largest, half are drawn.
    network_largest
        The largest entry of all gradients that this is one of, for `SMALL_PARAMETER`.
    """
    by_hand = by_hand.reshape(point.x.shape)
    if not np.isfinite(by_hand).all():
        at = np.unravel_index(int(np.argmin(np.isfinite(by_hand))), by_hand.shape)
        return Part(name, math.inf, by_hand.size, f"{index(at)}: {by_hand[at]} by hand")
    largest, rms = float(np.abs(by_hand).max()), math.sqrt(float(np.mean(np.square(by_hand))))
    least = max(SMALL_ENTRY * largest, SMALL_PARAMETER * network_largest, np.finfo(np.float64).tiny)
    parts, kinks = list[Part](), 0
    for at in _entries(by_hand, rng, count):
        if len(parts) == min(count, by_hand.size):
            break
        part = _compared(index(at), point, (at, 1.0), float(by_hand[at]), least)
        kinks += part is None
        parts += [part] if part else []
    for _ in range(2 if by_hand.size > count else 0):
        # All entries at once; a direction of length 1 sees about the root mean square of the gradient.
        along = rng.choice([-1.0, 1.0], by_hand.shape) / math.sqrt(by_hand.size)
        slope = float(np.sum(along * by_hand))
        part = _compared(" along a random direction", point, (..., along), slope, max(rms, least))
        kinks += part is None
        parts += [part] if part else []
    if len(parts) <= kinks // 4:
        text = f": {kinks} of {kinks + len(parts)} derivatives lie at kinks; the others are too few to judge by"
        return Part(name, math.inf, len(parts), text)
    worst = max(parts, key=lambda part: part.difference)
    return Part(name, worst.difference, len(parts), worst.name + worst.where)


def _entries(by_hand: Array, rng: np.random.Generator, count: int) -> list[tuple[Any, ...]]:
    """Choose entries, in this order: the largest and drawn ones in turn, with some more to replace those at kinks."""
    sizes = np.abs(by_hand).ravel()
    chosen = range(sizes.size)
    if sizes.size > count:
        many = min(sizes.size, 4 * count)
        pairs = zip(np.argsort(-sizes, kind="stable")[:many], rng.choice(sizes.size, many, replace=False), strict=True)
        chosen = dict.fromkeys(int(entry) for pair in pairs for entry in pair)  # type: ignore[assignment]
    return [tuple(np.unravel_index(entry, by_hand.shape)) for entry in chosen]


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
