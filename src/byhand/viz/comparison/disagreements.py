"""Which digits the networks miss, and those about which they disagree, with everyone's answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from byhand.compare.predictions import Answers
from byhand.hands import Array
from byhand.viz import style
from byhand.viz.comparison.axes import WIDTH
from byhand.viz.run.confusion import class_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Read = tuple[str, Answers]
"""A network's name and what it answered."""

ROW = 0.36
STRONGEST = 0.6
"""Share of the colour in the strongest cell: ink is easy to read on it, on light paper and on dark."""


def misses(read: Sequence[Read]) -> Figure:
    """Draw how many of each digit every network misses, in percent, and of all."""
    classes = sorted({int(k) for k in read[0][1].digits.labelled()})
    shares = np.array([[_missed(answers, k) for k in classes] + [1 - answers.accuracy] for _, answers in read])
    hardest = classes[int(shares[:, :-1].mean(axis=0).argmax())]
    left, cell = _names(read), (0.7, ROW)
    with style.applied():
        width = left + cell[0] * (len(classes) + 1) + 0.3
        figure, axes = _canvas(width, ROW * (len(read) + 1) + 0.45)
        figure.set_label(f"Share of each digit that every network misses; on average {hardest} is missed most.")
        most = max(float(shares.max()), 1e-9)
        heads = [*map(str, classes), "all"]
        small: dict[str, Any] = {"size": style.SMALL, "color": style.MUTED, "ha": "right", "va": "center_baseline"}
        axes.text(left - 0.12, 0.28, "missed, %", **small)
        for column, head in enumerate(heads):
            x = left + cell[0] * (column + 0.5) + (0.2 if head == "all" else 0)
            axes.text(x, 0.28, head, weight="bold", ha="center", va="center_baseline")
            for row, share in enumerate(shares[:, column]):
                y = 0.45 + ROW * (row + 0.5)
                if head != "all":
                    tint = style.tint(style.VERMILION, STRONGEST * float(share / most) ** 0.5)
                    _cell(axes, x - cell[0] / 2, y - ROW / 2, cell[0], ROW, tint)
                text = f"{100 * share:.1f}" if share else "0"
                axes.text(
                    x, y, text, size=style.SMALL, ha="center", va="center_baseline",
                    weight="bold" if head == "all" else "normal",
                )  # fmt: skip
        for row, (name, _) in enumerate(read):
            axes.text(left - 0.12, 0.45 + ROW * (row + 0.5), name, ha="right", va="center_baseline")
    return figure


def disputes(read: Sequence[Read], places: Array) -> Figure:
    """Draw some digits and under each what every network answers; wrong answers are coloured and bold.

    Parameters
    ----------
    read
        The networks, which have read the same digits.
    places
        Which of the digits to show.
    """
    digits, labels = read[0][1].digits, read[0][1].digits.labelled()
    left = _names(read)
    wide = min((WIDTH - left - 0.1) / len(places), 0.72)
    picture = wide - 0.08
    with style.applied():
        top = 0.06 + picture + 0.1
        figure, axes = _canvas(left + wide * len(places) + 0.1, top + ROW * (len(read) + 1) + 0.12)
        told = [
            f"a {labels[place]} read as {', '.join(class_name(int(a.given[place])) for _, a in read)}"
            for place in places
        ]
        named = ", ".join(name for name, _ in read)
        figure.set_label(f"Digits that networks disagree about, with the answers of {named}: {'; '.join(told)}.")
        small: dict[str, Any] = {"size": style.SMALL, "color": style.MUTED, "ha": "right", "va": "center_baseline"}
        axes.text(left - 0.12, top + ROW / 2, "is", **small)
        axes.plot([0.05, left + wide * len(places)], [top + ROW] * 2, color=style.FAINT, linewidth=1.2)
        for column, place in enumerate(places):
            x = left + wide * (column + 0.5)
            # Ink dark on light, as people write.
            axes.imshow(
                255 - digits.images[place], cmap="gray", vmin=0, vmax=255, interpolation="nearest",
                extent=(x - picture / 2, x + picture / 2, 0.06 + picture, 0.06), aspect="auto",
            )  # fmt: skip
            edge = [x - picture / 2, x + picture / 2]
            axes.plot(
                [*edge, *edge[::-1], edge[0]],
                [0.06] * 2 + [0.06 + picture] * 2 + [0.06],
                color=style.FAINT,
                linewidth=0.8,
            )
            axes.text(x, top + ROW / 2, str(labels[place]), weight="bold", ha="center", va="center_baseline")
            for row, (_, answers) in enumerate(read):
                _answer(axes, x, top + ROW * (row + 1.5) + 0.06, int(answers.given[place]), int(labels[place]), wide)
        for row, (name, _) in enumerate(read):
            axes.text(left - 0.12, top + ROW * (row + 1.5) + 0.06, name, ha="right", va="center_baseline")
    return figure


def _answer(axes: Axes, x: float, y: float, answer: int, label: int, wide: float) -> None:
    wrong = answer != label
    if wrong:
        _cell(axes, x - wide / 2 + 0.04, y - ROW / 2 + 0.03, wide - 0.08, ROW - 0.06, style.tint(style.VERMILION, 0.35))
    axes.text(
        x, y, class_name(answer), ha="center", va="center_baseline",
        weight="bold" if wrong else "normal", color=style.INK if wrong else style.MUTED,
    )  # fmt: skip


def _missed(answers: Answers, k: int) -> float:
    return float(answers.wrong[answers.digits.labelled() == k].mean())


def _names(read: Sequence[Read]) -> float:
    """Inches that the names on the left take."""
    return 0.2 + max(style.width_of(name) for name, _ in read)


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Make a figure whose unit is an inch, from the upper left corner."""
    figure = style.figure(width, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    return figure, axes


def _cell(axes: Axes, x: float, y: float, wide: float, high: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), wide, high, facecolor=colour, edgecolor=style.PAPER, linewidth=1.2))
