"""Which digits the networks misclassify, and those on which they disagree, with every network's prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from byhand.compare.predictions import Predictions
from byhand.hands import Array
from byhand.viz import style
from byhand.viz.comparison.trade_offs import ROW, WIDTH
from byhand.viz.style import class_name

STRONGEST = 0.6
"""Fraction of the color in the strongest cell, on which text is still legible."""
CENTERED: dict[str, Any] = {"ha": "center", "va": "center_baseline"}


def error_rates(predictions: Mapping[str, Predictions]) -> style.Figure:
    """Draw the percentage of each digit that every network misclassifies, and of all."""
    labels = next(iter(predictions.values())).digits.labelled()
    classes = sorted({int(k) for k in labels})
    rates = np.array([[p.wrong[labels == k].mean() for k in classes] + [p.wrong.mean()] for p in predictions.values()])
    hardest = classes[int(rates[:, :-1].mean(axis=0).argmax())]
    left, cell = _width_of_names(predictions), 0.7
    with style.applied():
        label = f"Error rate of every network for each digit; on average {hardest} has the highest."
        figure, axes = _canvas(left + cell * (len(classes) + 1) + 0.3, ROW * (len(predictions) + 1) + 0.45, label)
        _names(axes, left, 0.28, ["errors, %"], size=style.SMALL, color=style.MUTED)
        _names(axes, left, 0.45 + ROW / 2, predictions)
        for column, head in enumerate([*map(str, classes), "all"]):
            overall = head == "all"
            x = left + cell * (column + 0.5) + 0.2 * overall
            axes.text(x, 0.28, head, weight="bold", **CENTERED)
            for row, rate in enumerate(rates[:, column]):
                y = 0.45 + ROW * (row + 0.5)
                if not overall:
                    fraction = STRONGEST * float(rate / max(rates.max(), 1e-9)) ** 0.5
                    _cell(axes, x, y, cell, ROW, style.tint(style.NEGATIVE, fraction))
                weight = "bold" if overall else "normal"
                axes.text(x, y, f"{100 * rate:.1f}" if rate else "0", size=style.SMALL, weight=weight, **CENTERED)
    return figure


def disagreements(predictions: Mapping[str, Predictions], indices: Array) -> style.Figure:
    """Draw some digits and below each what every network predicts; wrong predictions are colored and bold.

    Parameters
    ----------
    predictions
        Predictions by network, all of the same digits.
    indices
        Indices of the digits to show.
    """
    digits = next(iter(predictions.values())).digits
    labels = digits.labelled()
    left = _width_of_names(predictions)
    cell = min((WIDTH - left - 0.1) / len(indices), 0.72)
    side = cell - 0.08
    with style.applied():
        top = 0.06 + side + 0.1
        shown = [
            f"a {labels[i]} as {', '.join(class_name(int(p.classes[i])) for p in predictions.values())}"
            for i in indices
        ]
        label = f"Digits on which networks disagree, with the predictions of {', '.join(predictions)}: "
        height = top + ROW * (len(predictions) + 1) + 0.12
        figure, axes = _canvas(left + cell * len(indices) + 0.1, height, f"{label}{'; '.join(shown)}.")
        _names(axes, left, top + ROW / 2, ["label"], size=style.SMALL, color=style.MUTED)
        _names(axes, left, top + ROW * 1.5 + 0.06, predictions)
        axes.plot([0.05, left + cell * len(indices)], [top + ROW] * 2, color=style.FAINT, linewidth=1.2)
        for column, index in enumerate(indices):
            x = left + cell * (column + 0.5)
            extent = (x - side / 2, x + side / 2, 0.06 + side, 0.06)
            # Dark ink on light paper.
            axes.imshow(255 - digits.images[index], cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
            _cell(axes, x, 0.06 + side / 2, side, side, "none", style.FAINT)
            axes.text(x, top + ROW / 2, str(labels[index]), weight="bold", **CENTERED)
            for row, one in enumerate(predictions.values()):
                y, predicted = top + ROW * (row + 1.5) + 0.06, int(one.classes[index])
                wrong = predicted != labels[index]
                if wrong:
                    _cell(axes, x, y, cell - 0.08, ROW - 0.06, style.tint(style.NEGATIVE, 0.35))
                look: dict[str, Any] = {"weight": "bold", "color": style.INK} if wrong else {"color": style.MUTED}
                axes.text(x, y, class_name(predicted), **look, **CENTERED)
    return figure


def _width_of_names(predictions: Mapping[str, Predictions]) -> float:
    return 0.2 + max(style.width_of(name) for name in predictions)


def _names(axes: style.Axes, left: float, y: float, names: Any, **look: Any) -> None:
    """Write names below one another, to the left of the cells."""
    for row, name in enumerate(names):
        axes.text(left - 0.12, y + ROW * row, name, ha="right", va="center_baseline", **look)


def _canvas(width: float, height: float, label: str) -> tuple[style.Figure, style.Axes]:
    """Make a figure whose unit is an inch, from the upper left corner."""
    figure = style.figure(width, height, label)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    return figure, axes


def _cell(
    axes: style.Axes, x: float, y: float, width: float, height: float, inside: str, edge: str = style.PAPER
) -> None:
    """Draw a rectangle around a middle."""
    from matplotlib.patches import Rectangle

    corner = (x - width / 2, y - height / 2)
    axes.add_patch(Rectangle(corner, width, height, facecolor=inside, edgecolor=edge, linewidth=1.2))
