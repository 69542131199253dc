"""A figure of every stage of a reading, from the picture to the 28x28 ink that the network reads."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
MAX_DIGITS = 48
PER_ROW = 8
MARGIN = 0.05 / len(STAGES)
"""Left margin, relative to the width."""
PANEL = 480
"""Length of the longer side of a panel in pixels."""


def explain(reading: Reading, path: Path, title: str = "") -> None:
    """Write the figure.

    Parameters
    ----------
    reading
        The reading.
    path
        Ends in ``.png``, ``.svg`` or ``.pdf``; written atomically.
    title
        Title of the figure, such as the picture's name.

    Raises
    ------
    ByhandError
        If the file has another extension or cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ByhandError(
            f"{path} has no extension of a figure; expected {', '.join(SUFFIXES)}.", code="figure.unknown_format"
        )
    with style.applied():
        drawn = figure(reading, title)
        with replacing(path) as beside:
            drawn.savefig(beside)


def figure(reading: Reading, title: str = "") -> Figure:
    """Draw the figure; call it inside `style.applied`."""
    digits = reading.digits[:MAX_DIGITS]
    rows = math.ceil(len(digits) / PER_ROW)
    stages = list(reading.stages.items())
    width, height = reading.size
    # As high as the pictures are, within limits.
    cell = style.SLIDE_WIDTH / len(stages)
    high = min(max(0.9 * cell * height / width, 0.6), 3.2)
    below = 2.15 * rows if rows else 0.5
    figure_height = 0.75 + high + 0.75 + below
    drawn = style.figure(style.SLIDE_WIDTH, figure_height)
    drawn.text(MARGIN, 1 - 0.2 / figure_height, _headline(reading, title), size=style.TITLE, weight="bold", va="top")
    for number, (name, picture) in enumerate(stages):
        left = (number + 0.05) * cell / style.SLIDE_WIDTH
        axes = drawn.add_axes(
            (left, 1 - (0.75 + high) / figure_height, 0.9 * cell / style.SLIDE_WIDTH, high / figure_height)
        )
        _panel(axes, picture)
        if name == "segments":
            _boxes(axes, reading, picture)
        caption = f"{number + 1}. {name}\n{textwrap.fill(STAGES.get(name, ''), 24)}"
        axes.set_title(caption, size=style.SMALL, weight="normal", loc="left", y=0, pad=-8, va="top")
    for number, digit in enumerate(digits):
        row, column = divmod(number, PER_ROW)
        bottom = below - 2.15 * (row + 1) + 0.1
        _digit(drawn, digit, MARGIN + column * 0.122, bottom / figure_height, figure_height)
    if len(reading.digits) > len(digits):
        drawn.text(
            0.98, 0.1 / figure_height, f"and {len(reading.digits) - len(digits)} more", ha="right", color=style.MUTED
        )
    return drawn


def _headline(reading: Reading, title: str) -> str:
    text = " / ".join(reading.text.split("\n")) if reading.digits else "no digit found"
    text = text if len(text) <= 48 else text[:47] + "…"
    return f"{title}: {text}" if title else text


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
    for one in reading.unread:
        left, top, right, bottom = (scale * side for side in one.box)
        color = style.ORANGE if one.kind == "ink" else style.FAINT
        axes.add_patch(
            Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=color, lw=1.2, linestyle=":")
        )
    for digit in reading.digits:
        left, top, right, bottom = (scale * side for side in digit.box)
        dashed = "--" if digit.unsure else "-"
        look: dict[str, Any] = {"fill": False, "edgecolor": style.INK, "lw": 1.2, "linestyle": dashed}
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, **look))


def _digit(drawn: Figure, digit: ReadDigit, left: float, bottom: float, figure_height: float) -> None:
    """Draw a digit's ink, its value, and the three most probable values as bars."""
    side = 1.05
    ink = drawn.add_axes((left, bottom + 0.62 / figure_height, side / style.SLIDE_WIDTH, side / figure_height))
    _panel(ink, 255 - digit.ink)
    value = f"{digit.value}{'?' if digit.unsure else ''}"
    ink.set_title(value, size=style.TEXT, weight="bold", loc="left", pad=4)
    bars = drawn.add_axes(
        (left + 0.16 / style.SLIDE_WIDTH, bottom, (side - 0.16) / style.SLIDE_WIDTH, 0.56 / figure_height)
    )
    colors = [style.ORANGE if digit.unsure else style.BLUE] + [style.FAINT] * (len(digit.top) - 1)
    bars.barh(np.arange(len(digit.top)), [probability for _, probability in digit.top], color=colors, height=0.72)
    for row, (other, p) in enumerate(digit.top):
        bars.text(-0.05, row, str(other), ha="right", va="center", size=style.SMALL, color=style.MUTED)
        bars.text(min(p, 1.0) + 0.05, row, style.percent(p), va="center", size=8, color=style.MUTED)
    bars.set_xlim(0, 1)
    bars.set_ylim(len(digit.top) - 0.5, -0.5)
    bars.axis("off")
