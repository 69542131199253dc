"""Which digit was taken for which: the confusion matrix, coloured by its mistakes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from byhand.metrics.classification import Report
from byhand.viz import style
from byhand.viz.style import class_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL = 0.56
"""Inches."""
STRONGEST = 0.45
"""Share of the colour in the cell of most mistakes: ink is easy to read on it, on light paper and on dark."""


def confusion(report: Report) -> Figure:
    """Draw a confusion matrix with all its counts.

    Colours belong to the mistakes alone, the root of their count over the largest's: right answers are a hundred times
    as many and would drown them.

    Parameters
    ----------
    report
        What was counted.

    Returns
    -------
    matplotlib.figure.Figure
        Truth by row, answer by column; recall at the end of a row, precision under a column.
    """
    size = len(report.support)
    names = [class_name(k) for k in range(size)]
    with style.applied():
        figure = style.figure(CELL * size + 2.3, CELL * size + 1.2)
        figure.set_label(_said(report, names))
        axes = figure.add_axes((0, 0, 1, 1))
        width, height = figure.get_figwidth() / CELL, figure.get_figheight() / CELL
        left, top = 2.35, 1.2
        # One unit is a cell; the first cell's upper left corner is at 0, 0.
        axes.set(xlim=(-left, width - left), ylim=(height - top, -top))
        axes.set_axis_off()
        _cells(axes, report)
        for k, name in enumerate(names):
            axes.text(k + 0.5, -0.28, name, ha="center", va="center_baseline", weight="bold")
            axes.text(-0.3, k + 0.5, name, ha="center", va="center_baseline", weight="bold")
            share = f"{100 * report.recall[k]:.1f}" if report.support[k] else "–"
            axes.text(size + 0.62, k + 0.5, share, ha="center", va="center_baseline", size=style.SMALL)
            answered = report.confusion[:, k].sum()
            share = f"{100 * report.precision[k]:.1f}" if answered else "–"
            axes.text(k + 0.5, size + 0.4, share, ha="center", va="center_baseline", size=style.SMALL)
        small: dict[str, Any] = {"size": style.SMALL, "color": style.MUTED, "va": "center_baseline"}
        axes.text(size / 2, -0.85, "read as", ha="center", **small)
        axes.text(-0.75, size / 2, "is", ha="right", **small)
        axes.text(size + 0.62, -0.28, "recall, %", ha="center", **small)
        axes.text(-0.12, size + 0.4, "precision, %", ha="right", **small)
    return figure


def _cells(axes: Axes, report: Report) -> None:
    from matplotlib.collections import PolyCollection

    size = len(report.support)
    most = max(1, *(report.confusion[t, p] for t in range(size) for p in range(size) if t != p))
    corners, colours = [], []
    for truth in range(size):
        for answer in range(size):
            count = int(report.confusion[truth, answer])
            share = STRONGEST * math.sqrt(count / most)
            corners.append([(answer + x, truth + y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))])
            colours.append(style.tint(style.GREY, 0.3) if truth == answer else style.tint(style.VERMILION, share))
            if count:
                axes.text(
                    answer + 0.5,
                    truth + 0.5,
                    f"{count:,}",
                    ha="center",
                    va="center_baseline",
                    size=style.TEXT if count < 10_000 else style.SMALL - 1,
                )
    axes.add_collection(PolyCollection(corners, facecolors=colours, edgecolors=style.FAINT, linewidths=0.8))


def _said(report: Report, names: list[str]) -> str:
    """Say the matrix's main thing in a sentence."""
    count, wrong = int(report.support.sum()), int(report.support.sum() - report.confusion.trace())
    size = len(names)
    pairs = [(int(report.confusion[t, p]), t, p) for t in range(size) for p in range(size) if t != p]
    most, truth, answer = max(pairs, key=lambda pair: pair[0])
    said = f"Confusion matrix: {wrong:,} of {count:,} digits were read wrongly"
    return f"{said}, most often {names[truth]} as {names[answer]}, {most:,} times." if most else f"{said}."
