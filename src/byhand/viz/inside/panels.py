"""Parts of the figures of `byhand.viz.inside`: color scales, panels in inches, and keys to colors."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from byhand.hands.base import Array, Network
from byhand.metrics.losses import probabilities
from byhand.viz import style
from byhand.viz.inside.arrays.gradients import checked

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

BELOW, ABOVE = ("#5E2500", style.NEGATIVE), (style.POSITIVE, "#00324F")
"""The darkest and the middle color of negative values; the middle and the darkest color of positive ones."""
MARGIN, GAP = 0.4, 0.3
HEADER = 0.62
"""Inches: around a figure, between its panels, and from the upper margin to the first panel."""


@cache
def signed() -> Colormap:
    """Blue above zero, paper at zero, vermilion below; grey at NaN."""
    return _scale("signed", [(0.0, BELOW[0]), (0.22, BELOW[1]), (0.5, style.PAPER), (0.78, ABOVE[0]), (1.0, ABOVE[1])])


@cache
def ink() -> Colormap:
    """Paper at zero and ink at the largest value."""
    return _scale("ink", [(0.0, style.PAPER), (1.0, style.INK)])


@cache
def fraction() -> Colormap:
    """The upper half of `signed`, from paper at zero to dark blue at one: gates and probabilities."""
    return _scale("fraction", [(0.0, style.PAPER), (0.56, ABOVE[0]), (1.0, ABOVE[1])])


def _scale(name: str, stops: list[tuple[float, str]]) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(f"byhand {name}", stops).with_extremes(bad=style.FAINT)


def predict(network: Network, image: Array) -> tuple[Array, Array]:
    """Return an image as ``(1, 28, 28)``, and the probabilities of its classes."""
    images = checked(network, np.asarray(image)[None])
    return images, probabilities(network.logits(images), network.spec.loss)[0]


def number(value: float) -> str:
    """A value with one decimal and a typographic minus sign."""
    return f"{value:.1f}".replace("-", "−")


def sheet(width: float, height: float, title: str, note: str = "") -> style.Figure:
    """Make a figure of that many inches with a title and a note beside it; call it inside `style.applied`."""
    made = style.figure(width, height, f"{title}: {note}" if note else title)
    y = 1 - (MARGIN + 0.16) / height
    made.text(MARGIN / width, y, title, size=style.TITLE, weight="bold", va="center")
    x = MARGIN + style.width_of(title, style.TITLE, "bold") + GAP
    made.text(x / width, y, note, color=style.MUTED, va="center")
    return made


def write(figure: style.Figure, left: float, top: float, text: str) -> None:
    """Write a small note, its place in inches from the left and the upper edge of the figure."""
    wide, high = figure.get_size_inches()
    figure.text(left / wide, 1 - top / high, text, size=style.SMALL, color=style.MUTED, va="center_baseline")


def panel(figure: style.Figure, left: float, top: float, width: float, height: float, title: str = "") -> style.Axes:
    """Add a panel without ticks, its left and upper edge in inches from those of the figure."""
    wide, high = figure.get_size_inches()
    axes = figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.FAINT)
    if title:
        axes.set_title(title, size=style.TEXT, pad=6)
    return axes


def show(axes: style.Axes, values: Array, colors: Colormap, low: float, high: float) -> Any:
    """Fill a panel with a matrix."""
    return axes.imshow(
        np.ma.masked_invalid(values), cmap=colors, vmin=low, vmax=high, aspect="auto", interpolation="nearest"
    )


def show_signed(axes: style.Axes, values: Array, most: float | None = None) -> Any:
    """Fill a panel with values around zero; those of size `most` are darkest."""
    most = largest(values) if most is None else most
    return show(axes, values, signed(), -most, most)


def show_picture(axes: style.Axes, image: Array) -> Any:
    """Fill a panel with pixels, 0 as paper and 255 as ink."""
    return show(axes, image, ink(), 0, 255)


def mosaic(tiles: Array, columns: int) -> Array:
    """Arrange ``(N, H, W)`` in a grid, with NaN in the lines between the tiles."""
    count, high, wide = tiles.shape
    lines = -(-count // columns)
    laid = np.full((lines * (high + 1) - 1, columns * (wide + 1) - 1), np.nan)
    for place, tile in enumerate(tiles):
        y, x = place // columns * (high + 1), place % columns * (wide + 1)
        laid[y : y + high, x : x + wide] = tile
    return laid


def outline(axes: style.Axes, image: Array) -> None:
    """Draw the outline of the ink over a panel."""
    if 0 < (np.asarray(image) > 127).sum() < np.size(image):
        axes.contour(image, levels=[127], colors=[style.INK], linewidths=1.1)


def largest(values: Array) -> float:
    """The largest absolute value, or 1 if all are zero."""
    most = float(np.nanmax(np.abs(values))) if np.size(values) else 0.0
    return most or 1.0


def key(figure: style.Figure, left: float, top: float, drawn: Any, low: str, high: str, width: float = 1.6) -> None:
    """Explain the colors of a panel by a bar between the names of its ends."""
    named = style.width_of(low, style.SMALL) + 0.1
    axes = panel(figure, left + named, top, width, 0.13)
    axes.imshow(np.linspace(0, 1, 128)[None], cmap=drawn.cmap, aspect="auto")
    write(figure, left, top + 0.065, low)
    write(figure, left + named + width + 0.1, top + 0.065, high)
