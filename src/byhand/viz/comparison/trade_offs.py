"""How accuracy grows with time and with epochs, and what it costs in parameters: one mark or line a network."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from byhand.compare.entry import Row
from byhand.viz import style
from byhand.viz.comparison.axes import (
    MARKS,
    WIDTH,
    accuracy_scale,
    colour,
    height,
    key,
    log_scale,
    name_points,
    networks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 5.6
BOX = (0.095, 0.115, 0.885, 0.8)
DOTS = 12
"""Epochs up to which each is marked."""
LOW = 0.5
"""Curves are shown from here on, unless a network ends below."""


def against_time(rows: Sequence[Row]) -> Figure:
    """Draw validation accuracy against seconds of training: a line for every row, a mark where it ends."""
    ends = [f"{row.name} {100 * row.curve()[-1]:.2f} % after {row.seconds:.3g} s" for row in rows]
    with style.applied():
        figure, axes = _empty(f"Validation accuracy against seconds of training: {'; '.join(ends)}.")
        first = {row.name: row for row in reversed(rows)}
        names = [row.name if first[row.name] is row else f"{row.name}, {row.recipe.config.hand}" for row in rows]
        _lines(axes, rows, [row.clock for row in rows], names)
        axes.set_xlabel("seconds of training")
        axes.set_ylabel("validation accuracy")
        key(axes, rows, hands=True)
    return figure


def against_epochs(rows: Sequence[Row]) -> Figure:
    """Draw validation accuracy against epochs: a line for every network, whichever hand."""
    rows = networks(rows)
    ends = [f"{row.name} {100 * row.curve()[-1]:.2f} % after {row.epochs}" for row in rows]
    with style.applied():
        figure, axes = _empty(f"Validation accuracy against epochs: {'; '.join(ends)}.")
        _lines(axes, rows, [[float(1 + epoch) for epoch in range(len(row.curve()))] for row in rows], None)
        axes.set_xlabel("epochs: passes over the training digits")
        axes.set_ylabel("validation accuracy")
        key(axes, rows, hands=False)
    return figure


def against_parameters(rows: Sequence[Row]) -> Figure:
    """Draw test accuracy against how many values a network learns, with its interval over seeds where there is one."""
    rows = networks(rows)
    means = [row.mean("test") for row in rows]
    told = [f"{row.name} {row.parameters:,}, {100 * mean:.2f} %" for row, (mean, _) in zip(rows, means, strict=True)]
    with style.applied():
        figure, axes = _empty(f"Test accuracy against parameters: {'; '.join(told)}.")
        sizes = [float(row.parameters) for row in rows]
        log_scale(axes, min(sizes) / 1.6, max(sizes) * 1.6)
        accuracy_scale(axes, [mean for mean, _ in means], air=0.12)
        drawn = []
        for row, size, (mean, half) in zip(rows, sizes, means, strict=True):
            if not math.isnan(half):
                bar = [height(max(mean - half, 0.0)), height(mean + half)]
                axes.plot([size] * 2, bar, color=colour(row), linewidth=1.6, solid_capstyle="butt")
                drawn += [(size, bar[0] + part * (bar[1] - bar[0]) / 20) for part in range(21)]
            axes.plot(size, height(mean), marker="o", markersize=9, color=colour(row), markeredgecolor=style.PAPER)
        points = [(size, height(mean)) for size, (mean, _) in zip(sizes, means, strict=True)]
        name_points(axes, points, rows, [row.name for row in rows], drawn)
        axes.set_xlabel("parameters")
        axes.set_ylabel("test accuracy")
        key(axes, rows, hands=False)
    return figure


def _empty(said: str) -> tuple[Figure, Axes]:
    figure = style.figure(WIDTH, HEIGHT)
    figure.set_label(said)
    return figure, figure.add_axes(BOX)


def _lines(axes: Axes, rows: Sequence[Row], places: Sequence[Sequence[float]], names: Sequence[str] | None) -> None:
    curves = [row.curve() for row in rows]
    lowest = min(curve[-1] for curve in curves)
    shown = [value for curve in curves for value in curve if value >= min(LOW, lowest)]
    accuracy_scale(axes, shown, low=min(LOW, lowest) if min(map(min, curves)) < LOW else min(shown))
    left, right = min(x[0] for x in places), max(x[-1] for x in places)
    air = max(math.log10(right / left), 0.3)
    log_scale(axes, left / 10 ** (0.03 * air), right * 10 ** (0.09 * air))
    drawn = []
    for row, curve, x in zip(rows, curves, places, strict=True):
        y = [height(value) for value in curve]
        hand = row.recipe.config.hand
        axes.plot(x, y, color=colour(row), linewidth=1.8, alpha=0.9)
        if len(x) <= DOTS:
            axes.plot(x, y, linestyle="", marker=MARKS[hand], markersize=3.5, color=colour(row))
        axes.plot(
            x[-1], y[-1], marker=MARKS[hand], markersize=9, color=colour(row), markeredgecolor=style.PAPER, zorder=3
        )
        drawn += _between(axes, list(zip(x, y, strict=True)))
    ends = [(x[-1], height(curve[-1])) for x, curve in zip(places, curves, strict=True)]
    name_points(axes, ends, rows, names or [row.name for row in rows], drawn)


def _between(axes: Axes, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Give points along a line, close enough for a name to find it in its way."""
    return [
        (x0 * (x1 / x0) ** (part / 8), y0 + (y1 - y0) * part / 8)
        for (x0, y0), (x1, y1) in itertools.pairwise(points)
        for part in range(8)
    ]
