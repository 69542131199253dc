"""A reading explained in one figure: every stage from the picture to the 28x28 ink that the network saw."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from byhand.errors import ByhandError
from byhand.io import replacing
from byhand.reading.result import STAGES, Array, ReadDigit, Reading
from byhand.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
MOST_DIGITS = 48
ACROSS = 8
EDGE = 0.05 / len(STAGES)
"""Where panels, words and digits begin, as a share of the width."""
PANEL = 480
"""Pixels of the longer side of a panel, which no figure shows more of."""


def explain(reading: Reading, path: Path, title: str = "") -> None:
    """Write the figure.

    Parameters
    ----------
    reading
        What was read.
    path
        Ends in ``.png``, ``.svg`` or ``.pdf``; written in one step.
    title
        Of the figure, such as the picture's name.

    Raises
    ------
    ByhandError
        If the file has another ending or cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ByhandError(f"{path} is to hold a figure, expected an ending {', '.join(SUFFIXES)}; rename it.")
    with style.applied():
        drawn = figure(reading, title)
        with replacing(path) as beside:
            drawn.savefig(beside)


def figure(reading: Reading, title: str = "") -> Figure:
    """Draw the figure; call it inside `style.applied`."""
    digits = reading.digits[:MOST_DIGITS]
    rows = math.ceil(len(digits) / ACROSS)
    stages = list(reading.stages.items())
    width, height = reading.size
    # As high as the pictures want, within what a slide bears.
    cell = style.SLIDE_WIDTH / len(stages)
    high = min(max(0.9 * cell * height / width, 0.6), 3.2)
    below = 2.15 * rows if rows else 0.5
    tall = 0.75 + high + 0.75 + below
    drawn = style.figure(style.SLIDE_WIDTH, tall)
    drawn.text(EDGE, 1 - 0.2 / tall, _headline(reading, title), size=style.TITLE, weight="bold", va="top")
    for number, (name, picture) in enumerate(stages):
        left = (number + 0.05) * cell / style.SLIDE_WIDTH
        axes = drawn.add_axes((left, 1 - (0.75 + high) / tall, 0.9 * cell / style.SLIDE_WIDTH, high / tall))
        _panel(axes, picture)
        if name == "segments":
            _boxes(axes, reading, picture)
        words = f"{number + 1}. {name}\n{_wrapped(STAGES.get(name, ''))}"
        axes.set_title(words, size=style.SMALL, weight="normal", loc="left", y=0, pad=-8, va="top")
    for number, digit in enumerate(digits):
        row, column = divmod(number, ACROSS)
        bottom = below - 2.15 * (row + 1) + 0.1
        _digit(drawn, digit, EDGE + column * 0.122, bottom / tall, tall)
    if len(reading.digits) > len(digits):
        drawn.text(0.98, 0.1 / tall, f"and {len(reading.digits) - len(digits)} more", ha="right", color=style.MUTED)
    return drawn


def _headline(reading: Reading, title: str) -> str:
    said = " / ".join(reading.text.split("\n")) if reading.digits else "no digit found"
    said = said if len(said) <= 48 else said[:47] + "…"
    return f"{title}: {said}" if title else said


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 24))


def _panel(axes: Axes, picture: Array) -> None:
    scale = PANEL / max(picture.shape[:2])
    if scale < 1:
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="equal")
    axes.set_anchor("N")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=style.FAINT)


def _boxes(axes: Axes, reading: Reading, picture: Array) -> None:
    from matplotlib.patches import Rectangle

    scale = min(1.0, PANEL / max(picture.shape[:2])) * picture.shape[1] / reading.size[0]
    for digit in reading.digits:
        left, top, right, bottom = (scale * side for side in digit.box)
        dashed = "--" if digit.unsure else "-"
        axes.add_patch(
            Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor="white", lw=1.2, linestyle=dashed)
        )


def _digit(drawn: Figure, digit: ReadDigit, left: float, bottom: float, tall: float) -> None:
    """Draw the ink of a digit, its value, and the three likeliest values as bars."""
    side = 1.05
    ink = drawn.add_axes((left, bottom + 0.62 / tall, side / style.SLIDE_WIDTH, side / tall))
    _panel(ink, digit.ink)
    words = f"{digit.value}{'?' if digit.unsure else ''}"
    ink.set_title(words, size=style.TEXT, weight="bold", loc="left", pad=4)
    bars = drawn.add_axes((left + 0.16 / style.SLIDE_WIDTH, bottom, (side - 0.16) / style.SLIDE_WIDTH, 0.56 / tall))
    shares = np.array([share for _, share in digit.top])
    places = np.arange(len(shares))
    colours = [style.ORANGE if digit.unsure else style.BLUE] + [style.FAINT] * (len(shares) - 1)
    bars.barh(places, shares, color=colours, height=0.72)
    for place, (value, share) in enumerate(digit.top):
        bars.text(-0.05, place, str(value), ha="right", va="center", size=style.SMALL, color=style.MUTED)
        bars.text(min(share, 1.0) + 0.05, place, f"{100 * share:.0f} %", va="center", size=8, color=style.MUTED)
    bars.set_xlim(0, 1)
    bars.set_ylim(len(shares) - 0.5, -0.5)
    bars.axis("off")
