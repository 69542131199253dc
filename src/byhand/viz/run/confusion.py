"""The confusion matrix, colored by errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.metrics.classification import Report
from byhand.viz import style
from byhand.viz.style import class_name

CELL = 0.56
"""Inches."""
STRONGEST = 0.45
"""Fraction of the color in the cell of most errors, on which text is legible on light and dark pages."""


def confusion(report: Report) -> style.Figure:
    """Draw a confusion matrix with all its counts.

    Only errors are colored, by the square root of their count: correct predictions are a hundred times as many.

    Parameters
    ----------
    report
        The counts.

    Returns
    -------
    matplotlib.figure.Figure
        True classes by row, predicted classes by column; recall at the end of a row, precision under a column.
    """
    from matplotlib.colors import to_rgb

    counts, size = report.confusion, len(report.support)
    errors = np.where(np.eye(size, dtype=bool), 0, counts)
    left, top = 2.1, 1.2
    width, height = size + left + 1.6, size + top + 0.8
    with style.applied():
        figure = style.figure(CELL * width, CELL * height, _label(report, errors))
        # One unit is a cell; the upper left corner of the first is at 0, 0.
        axes = figure.add_axes((0, 0, 1, 1), xlim=(-left, width - left), ylim=(height - top, -top))
        axes.set_axis_off()
        tints = STRONGEST * np.sqrt(errors / max(errors.max(), 1))
        colors = [[to_rgb(style.tint(style.NEGATIVE, float(fraction))) for fraction in row] for row in tints]
        for k in range(size):
            colors[k][k] = to_rgb(style.tint(style.GREY, 0.3))
        corners = np.arange(size + 1)
        axes.pcolormesh(corners, corners, np.array(colors), edgecolors=style.FAINT, linewidth=0.8)
        middle: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
        small = middle | {"size": style.SMALL}
        for true, predicted in np.argwhere(counts):
            count = counts[true, predicted]
            text = middle | {"size": style.TEXT if count < 10_000 else 10.0}
            axes.text(predicted + 0.5, true + 0.5, f"{count:,}", **text)
        for k in range(size):
            axes.text(k + 0.5, -0.28, class_name(k), weight="bold", **middle)
            axes.text(-0.3, k + 0.5, class_name(k), weight="bold", **middle)
            recall = f"{100 * report.recall[k]:.1f}" if report.support[k] else "–"
            axes.text(size + 0.62, k + 0.5, recall, **small)
            precision = f"{100 * report.precision[k]:.1f}" if counts[:, k].sum() else "–"
            axes.text(k + 0.5, size + 0.4, precision, **small)
        pale: dict[str, Any] = {"size": style.SMALL, "color": style.MUTED, "va": "center_baseline"}
        axes.text(size / 2, -0.85, "predicted", ha="center", **pale)
        axes.text(-0.85, size / 2, "true", ha="center", rotation=90, **pale | {"va": "center"})
        axes.text(size + 0.62, -0.28, "recall, %", ha="center", **pale)
        axes.text(-0.12, size + 0.4, "precision, %", ha="right", **pale)
    return figure


def _label(report: Report, errors: Any) -> str:
    """Describe the matrix in a sentence."""
    text = f"Confusion matrix: {errors.sum():,} errors among {report.support.sum():,} digits"
    if not errors.any():
        return f"{text}."
    true, predicted = np.unravel_index(errors.argmax(), errors.shape)
    names = f"{class_name(int(true))} read as {class_name(int(predicted))}"
    return f"{text}, most often {names}, {errors.max():,} times."
