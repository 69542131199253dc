"""What the figures of a comparison share: colours by the kind of network, marks by hand, and a scale for accuracies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from byhand.compare.entry import Row
from byhand.viz import style
from byhand.viz.comparison.label_placement import NEAR, Name, Point, placed
from byhand.viz.marks import COLOURS, colour_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 9.9
"""Inches: a page's column."""
MARKS = {"fast": "o", "numpy": "D", "tensor": "s", "torch": "^"}
KINDS = {"Linear": "linear layers alone", "Recurrent": "recurrent", "Conv2d": "convolutional"}
TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
BEST = 0.9995
"""No accuracy is drawn higher, where the scale has no end."""


def kind_of(row: Row) -> str:
    """What kind of layer gives a network its name."""
    kinds = {layer.kind for layer in row.spec.layers}
    return next((kind for kind in ("Conv2d", "Recurrent") if kind in kinds), "Linear")


def colour(row: Row) -> str:
    """Colour of a network."""
    return colour_of(kind_of(row))


def networks(rows: Sequence[Row]) -> list[Row]:
    """Give one row for each network: its first hand, because all hands compute the same."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.name, row)
    return list(first.values())


def height(accuracy: float) -> float:
    """Where an accuracy lies on the scale: every step up is as large a share of the mistakes, ``-log10(1 - a)``."""
    return -math.log10(1 - min(accuracy, BEST))


def accuracy_scale(axes: Axes, accuracies: Sequence[float], *, low: float | None = None, air: float = 0.06) -> None:
    """Give the y axis of an empty plot the scale of `height`, wide enough for these accuracies and some air."""
    bottom, top = height(min(accuracies) if low is None else low), height(max(accuracies))
    air *= max(top - bottom, 0.2)
    bottom, top = bottom - air, top + 1.6 * air
    axes.set_ylim(bottom, top)
    inside = [tick for tick in TICKS if bottom <= height(tick) <= top]
    axes.set_yticks([height(tick) for tick in inside], [f"{100 * tick:g} %" for tick in inside])


def log_scale(axes: Axes, low: float, high: float) -> None:
    """Give the x axis of an empty plot a logarithmic scale, with steps of 1, 2 and 5 where it is short."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 300 else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}" if value >= 1 else f"{value:g}")


def name_points(
    axes: Axes, points: Sequence[Point], rows: Sequence[Row], names: Sequence[str], drawn: Sequence[Point]
) -> None:
    """Write names beside points given in the data's coordinates; a thin line leads to those that had to move away."""
    inner = axes.get_window_extent()
    size = inner.width / axes.figure.dpi, inner.height / axes.figure.dpi

    def inches(point: Point) -> Point:
        x, y = axes.transAxes.inverted().transform(axes.transData.transform(point))
        return float(x) * size[0], float(y) * size[1]

    ends = [inches(point) for point in points]
    found = placed(ends, names, [inches(point) for point in drawn], size)
    for end, name, text, row in zip(ends, found, names, rows, strict=True):
        _write(axes, end, name, text, colour(row), size)


def _write(axes: Axes, end: Point, name: Name, text: str, ink: str, size: Point) -> None:
    x, y = name.nearest(end)
    if math.dist(end, (x, y)) > NEAR + 0.02:
        axes.plot(
            [end[0] / size[0], x / size[0]],
            [end[1] / size[1], y / size[1]],
            transform=axes.transAxes,
            color=style.GREY,
            linewidth=0.8,
            zorder=1.5,
        )
    axes.text(
        name.x / size[0],
        name.y / size[1],
        text,
        transform=axes.transAxes,
        size=style.SMALL,
        weight="bold",
        color=darker(ink),
        va="center_baseline",
    )


def darker(ink: str) -> str:
    """Mix a colour with ink, so that words in it can be read on paper."""
    parts = [(int(ink[at : at + 2], 16), int(style.INK[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#{:02X}{:02X}{:02X}".format(*(round(0.65 * one + 0.35 * other) for one, other in parts))


def key(axes: Axes, rows: Sequence[Row], *, hands: bool) -> None:
    """Say above a plot what its colours and marks mean, where there is more than one."""
    from matplotlib.lines import Line2D

    kinds = [kind for kind in COLOURS if any(kind_of(row) == kind for row in rows)]
    kinds.sort(key=list(KINDS).index)
    marks = [hand for hand in MARKS if any(row.recipe.config.hand == hand for row in rows)] if hands else []
    handles = [Line2D([], [], color=colour_of(kind), linewidth=4, label=KINDS[kind]) for kind in kinds]
    handles += [
        Line2D([], [], linestyle="", marker=MARKS[hand], color=style.MUTED, markersize=7, label=f"{hand} hand")
        for hand in marks
        if len(marks) > 1
    ]
    if len(handles) > 1:
        axes.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            ncols=len(handles),
            borderaxespad=0.2,
            columnspacing=1.4,
            handlelength=1.2,
            handletextpad=0.5,
        )
