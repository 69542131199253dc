"""What joins and labels the shapes of a network's picture: colours by kind, arrows, fans, names of small layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from byhand.viz import style
from byhand.viz.style import BLUE, GREEN, GREY, INK, MUTED, ORANGE, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"Conv2d": BLUE, "Linear": ORANGE, "Recurrent": GREEN}
"""Layers that learn; all others are grey."""


def colour_of(kind: str) -> str:
    """Colour of what a kind of layer makes."""
    return COLOURS.get(kind, GREY)


def pill(axes: Axes, x: float, y: float, text: str) -> None:
    """Hang a small layer's name around a point."""
    from matplotlib.patches import FancyBboxPatch

    wide = style.width_of(text, style.SMALL)
    axes.add_patch(
        FancyBboxPatch(
            (x - wide / 2, y - 0.055),
            wide,
            0.11,
            boxstyle="round,pad=0.055,rounding_size=0.11",
            facecolor=PAPER,
            edgecolor=MUTED,
            linewidth=0.9,
        )
    )
    axes.text(x, y, text, size=style.SMALL, ha="center", va="center_baseline", color=INK)


def fan(axes: Axes, left: tuple[float, float, float], right: tuple[float, float, float], colour: str) -> None:
    """Join two rows, each given as x, middle and height, as wide as they are: every value feeds every other."""
    from matplotlib.patches import Polygon

    (x0, y0, high0), (x1, y1, high1) = left, right
    corners = [(x0, y0 + high0 / 2), (x1, y1 + high1 / 2), (x1, y1 - high1 / 2), (x0, y0 - high0 / 2)]
    axes.add_patch(Polygon(corners, facecolor=style.tint(colour, 0.22), edgecolor="none", zorder=0.5))


def arrow(axes: Axes, x0: float, x1: float, y: float) -> None:
    """Lead from one block to the next."""
    from matplotlib.patches import FancyArrowPatch

    axes.add_patch(
        FancyArrowPatch(
            (x0, y), (x1, y), arrowstyle="-|>", color=MUTED, linewidth=1.4, mutation_scale=11, shrinkA=0, shrinkB=0
        )
    )
