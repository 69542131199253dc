"""How many digits a second every network trains on and reads, hand beside hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from byhand.compare.entry import Row
from byhand.viz import style
from byhand.viz.comparison.axes import WIDTH, colour

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.36


def speed(rows: Sequence[Row]) -> Figure:
    """Draw digits a second for every row, training as a solid mark and reading as an open one."""
    from matplotlib.lines import Line2D

    names = [f"{row.name}, {row.hand}" for row in rows]
    read = [f"{name} {row.rate:,.0f} and {row.reading_rate:,.0f}" for name, row in zip(names, rows, strict=True)]
    with style.applied():
        high = ROW * len(rows) + 1.15
        figure = style.figure(WIDTH, high)
        figure.set_label(f"Digits a second when training and when reading: {'; '.join(read)}.")
        left = (0.25 + max(style.width_of(name) for name in names)) / WIDTH
        axes = figure.add_axes((left, 0.62 / high, 0.965 - left, ROW * len(rows) / high))
        axes.set_xscale("log")
        for place, row in enumerate(rows):
            ink, reads = colour(row), not math.isnan(row.reading_rate)
            if reads:
                axes.plot([row.rate, row.reading_rate], [place, place], color=style.tint(ink, 0.45), linewidth=2)
                axes.plot(
                    row.reading_rate, place, marker="o", markersize=9, color=style.PAPER, markeredgecolor=ink,
                    markeredgewidth=2, linestyle="",
                )  # fmt: skip
            axes.plot(row.rate, place, marker="o", markersize=9, color=ink, linestyle="")
        axes.set_yticks(range(len(rows)), names, fontsize=style.TEXT, color=style.INK)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")
        axes.set_xlabel("digits a second")
        marks = {"training": style.MUTED, "reading": style.PAPER}
        handles = [
            Line2D(
                [], [], linestyle="", marker="o", markersize=8, color=inside, markeredgecolor=style.MUTED,
                markeredgewidth=2, label=said,
            )
            for said, inside in marks.items()
        ]  # fmt: skip
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2, handlelength=1
        )
    return figure
