"""The figure of digits with what they are and the three most probable classes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from byhand.data.digits import SIDE
from byhand.hands import Array
from byhand.metrics.evaluation import Evaluation
from byhand.viz import style
from byhand.viz.style import class_name, percent

COLUMNS = 4
INCHES = 1.08
"""The side of a digit."""
PITCH = (64, 37)
"""Distance from one digit to the next, across and down, in pixels of the digits."""
BAR = 0.47
"""Inches of a bar of 100 %."""


def examples(found: Evaluation, indices: Sequence[int] | Array, label: str) -> style.Figure:
    """Draw some digits with their predictions.

    Parameters
    ----------
    found
        The predictions.
    indices
        Indices of the digits, at least one.
    label
        Description of the figure for screen readers.
    """
    from matplotlib.colors import to_rgb

    unit = INCHES / SIDE
    width, height = PITCH[0] * min(COLUMNS, len(indices)), PITCH[1] * -(-len(indices) // COLUMNS)
    paper, ink = (np.array(to_rgb(color)) for color in (style.PAPER, style.INK))
    # One image of all digits, transparent between them.
    pixels = np.zeros((height, width, 4))
    with style.applied():
        figure = style.figure(width * unit, height * unit, label)
        axes = figure.add_axes((0, 0, 1, 1))
        for number, index in enumerate(indices):
            row, column = divmod(number, COLUMNS)
            top, left = row * PITCH[1] + 4, column * PITCH[0]
            grey = found.digits.images[index][..., None] / 255
            pixels[top : top + SIDE, left : left + SIDE, :3] = paper + grey * (ink - paper)
            pixels[top : top + SIDE, left : left + SIDE, 3] = 1
            _describe(axes, found, int(index), left + SIDE + 2.5, top)
        axes.imshow(pixels, extent=(0, width, height, 0), interpolation="none", aspect="auto")
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
    return figure


def _describe(axes: style.Axes, found: Evaluation, index: int, x: float, top: float) -> None:
    """Write what a digit is, and the three most probable classes with bars."""
    unit = INCHES / SIDE
    truth, predicted = int(found.digits.labelled()[index]), int(found.predictions[index])
    heading = f"{truth}" if truth == predicted else f"{class_name(truth)}, read as {class_name(predicted)}"
    axes.text(x, top + 3, heading, size=style.SMALL, weight="bold", va="center_baseline")
    for rank, (k, probability) in enumerate(found.top(index)):
        y, name = top + 11 + 7 * rank, class_name(k)
        color = style.POSITIVE if k == truth else style.NEGATIVE if k == predicted else style.GREY
        axes.text(x, y, name, size=style.SMALL, va="center_baseline", weight="bold" if k == truth else "normal")
        start = x + style.width_of(f"{name} ", style.SMALL, "bold") / unit
        length = probability * BAR / unit
        axes.barh(y, length, 3.8, start, color=color, linewidth=0)
        look: dict[str, Any] = {"size": style.SMALL - 1.5, "color": style.MUTED, "va": "center_baseline"}
        axes.text(start + length + 1.2, y, percent(probability), **look)
