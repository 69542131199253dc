"""The figure of many small pictures beside one another: digits, or weights and values of any sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from byhand.errors import ByhandError
from byhand.viz import style
from byhand.viz.inside import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, LARGEST, BETWEEN = 12.0, 1.5, 0.12
"""Inches: the room for tiles, the side of one with what lies beside it, and what lies beside it."""


def gallery(
    pictures: npt.ArrayLike,
    names: Sequence[str] = (),
    *,
    title: str = "",
    beside: str = "",
    columns: int = 10,
    signed: bool = False,
    ends: tuple[str, str] = ("below 0", "above 0"),
) -> Figure:
    """Draw pictures in lines.

    Parameters
    ----------
    pictures
        ``(N, H, W)``: grey levels, 0 as paper and 255 as ink; or, with `signed`, numbers of any size, blue below zero
        and vermilion above, each picture on a scale of its own and grey where it is not a number.
    names
        What stands under each; as many as there are pictures, or none.
    title, beside
        What stands above them.
    columns
        Pictures in a line.
    signed
        Whether they are numbers rather than grey levels.
    ends
        What it means to be below and above zero.

    Raises
    ------
    ByhandError
        If there is no picture, or another number of names.
    """
    shown = np.asarray(pictures)
    if shown.ndim != 3 or not len(shown) or columns < 1 or len(names) not in (0, len(shown)):
        raise ByhandError(
            f"A gallery was given pictures of shape {shown.shape}, {len(names)} names and {columns} columns; "
            "give pictures (N, H, W), a name for each or none, and one column or more."
        )
    columns = min(columns, len(shown))
    side = min(LARGEST, WIDE / columns) - BETWEEN
    line = side + (0.34 if names else BETWEEN)
    with style.applied():
        head = style.width_of(title, style.TITLE, "bold") + panels.GAP + style.width_of(beside)
        width = 2 * panels.MARGIN + max(columns * (side + BETWEEN) - BETWEEN, head)
        top = panels.MARGIN + (panels.HEADER if title else 0)
        height = top + math.ceil(len(shown) / columns) * line + (0.3 if signed else 0) + panels.MARGIN
        figure = panels.sheet(width, height, title, beside)
        for place, picture in enumerate(shown):
            row, column = divmod(place, columns)
            axes = panels.panel(figure, panels.MARGIN + column * (side + BETWEEN), top + row * line, side, side)
            drawn = panels.show_signed(axes, picture) if signed else panels.show_picture(axes, picture)
            if names:
                axes.set_xlabel(names[place], size=style.SMALL, labelpad=3, color=style.INK)
        if signed:
            panels.key(figure, panels.MARGIN, height - panels.MARGIN - 0.13, drawn, *ends)
    return figure
