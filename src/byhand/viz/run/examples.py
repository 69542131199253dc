"""Digits with what they are and what a network took them for, its three best guesses beside each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from byhand.data.digits import SIDE
from byhand.hands import Array
from byhand.metrics.evaluation import Evaluation
from byhand.viz import style
from byhand.viz.style import class_name, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 4
PICTURE = 1.08
"""Inches of a digit's side."""
PITCH = (64, 37)
"""From one digit to the next, across and down, in pixels of theirs."""
BAR = 0.47
"""Inches of a bar of 100 %."""


def gallery(evaluation: Evaluation, places: Sequence[int] | Array, said: str) -> Figure:
    """Draw some of the digits that were read.

    Parameters
    ----------
    evaluation
        What the network answered.
    places
        Which digits, at least one.
    said
        What the figure shows, for those who do not see it.
    """
    from matplotlib.colors import to_rgb

    unit = PICTURE / SIDE
    across, down = min(ACROSS, len(places)), -(-len(places) // ACROSS)
    width, height = PITCH[0] * across, PITCH[1] * down
    paper, ink = (np.array(to_rgb(colour)) for colour in (style.INK, style.PAPER))
    # One picture of all digits, clear between them.
    pixels = np.zeros((height, width, 4))
    with style.applied():
        figure = style.figure(width * unit, height * unit)
        figure.set_label(said)
        axes = figure.add_axes((0, 0, 1, 1))
        for number, place in enumerate(places):
            row, column = divmod(number, ACROSS)
            top, left = row * PITCH[1] + 4, column * PITCH[0]
            grey = evaluation.digits.images[place][..., None] / 255
            pixels[top : top + SIDE, left : left + SIDE, :3] = paper + grey * (ink - paper)
            pixels[top : top + SIDE, left : left + SIDE, 3] = 1
            _told(axes, evaluation, int(place), left + SIDE + 2.5, top)
        axes.imshow(pixels, extent=(0, width, height, 0), interpolation="none", aspect="auto")
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
    return figure


def _told(axes: Axes, evaluation: Evaluation, place: int, x: float, top: float) -> None:
    """Write what a digit is and how probable the network held its three best guesses."""
    from matplotlib.patches import Rectangle

    unit = PICTURE / SIDE
    label, answer = int(evaluation.digits.labelled()[place]), int(evaluation.predictions[place])
    said = f"{label}" if label == answer else f"{class_name(label)}, read as {class_name(answer)}"
    axes.text(x, top + 3, said, size=style.SMALL, weight="bold", va="center_baseline")
    for rank, (guess, share) in enumerate(evaluation.top(place)):
        y = top + 11 + 7 * rank
        colour = style.BLUE if guess == label else style.VERMILION if guess == answer else style.GREY
        name = class_name(guess)
        axes.text(x, y, name, size=style.SMALL, va="center_baseline", weight="bold" if guess == label else "normal")
        start = x + style.width_of(f"{name} ", style.SMALL, "bold") / unit
        wide = share * BAR / unit
        axes.add_patch(Rectangle((start, y - 1.9), wide, 3.8, facecolor=colour, edgecolor="none"))
        axes.text(
            start + wide + 1.2, y, percent(share), size=style.SMALL - 1.5, color=style.MUTED, va="center_baseline"
        )
