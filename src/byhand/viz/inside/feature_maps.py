"""The figure of what every layer makes of a picture: maps as tiles, rows of values as strips."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from byhand.hands.base import Array, Network
from byhand.models.layers import Dropout, Flatten, Standardize
from byhand.viz import style
from byhand.viz.inside import panels
from byhand.viz.inside.arrays.unit_weights import dense_on_pixels, on_pixels
from byhand.viz.inside.prediction import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 10.2
"""Inches, the room for tiles and strips."""
TILE, LEAST = 0.6, 0.27
"""Inches: the side of a map of 28x28, and of the smallest."""
STRIP, CELL = 0.3, 0.36
ROW = 0.055
"""Inches: the height of a strip, the widest cell of one, and the height of a row of a sequence."""
BETWEEN = 0.2
SILENT = (Flatten, Dropout)
"""Layers that leave every value as it is."""


@dataclass(frozen=True)
class Band:
    """One layer's part of the figure.

    Attributes
    ----------
    title, shape
        What stands beside it.
    values
        A matrix, not a number between tiles and where `Select` dropped a pixel.
    width, height
        In inches.
    most
        The largest size of a value.
    """

    title: str
    shape: str
    values: Array
    width: float
    height: float
    most: float

    @property
    def told(self) -> str:
        """Its shape and its scale."""
        return f"{self.shape}, up to {self.most:.2g}"


def feature_maps(network: Network, image: Array) -> Figure:
    """Draw what every layer makes of a picture, from the pixels down to the logits.

    Maps are tiles, one for each channel; a sequence is a heat map, a row below the other, a column for each unit; a
    row of values is a strip. Each layer has a scale of its own: blue below zero, paper at zero, vermilion above.
    `Flatten` and `Dropout` leave every value as it is and are left out.

    Parameters
    ----------
    network
        Of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the picture is of another shape than the network reads.
    """
    images, likely = panels.reading(network, image)
    made = bands(network, images)
    with style.applied():
        titles = max(style.width_of(band.title, style.TEXT, "bold") for band in made)
        shapes = max(style.width_of(band.told, style.SMALL) for band in made)
        left = panels.MARGIN + max(titles, shapes) + panels.GAP
        width = left + SHOWN + panels.MARGIN
        height = 2 * panels.MARGIN + panels.HEADER + sum(band.height + BETWEEN for band in made) + 0.25
        said = int(likely.argmax())
        beside = f"read as {panels.class_name(network, said)}, {percent(likely[said])} sure"
        figure = panels.sheet(width, height, "Layer by layer", beside)
        top = panels.MARGIN + panels.HEADER
        for band in made:
            axes = panels.panel(figure, left, top, band.width, band.height)
            drawn = panels.show_signed(axes, band.values, band.most)
            x, middle = panels.MARGIN / width, 1 - (top + band.height / 2) / height
            above, below = middle + 0.105 / height, middle - 0.105 / height
            figure.text(x, above, band.title, weight="bold", va="center_baseline")
            figure.text(x, below, band.told, size=style.SMALL, color=style.MUTED, va="center_baseline")
            top += band.height + BETWEEN
        _values(axes, made[-1])
        names = [panels.class_name(network, k) for k in range(len(likely))]
        axes.set_xticks(range(len(names)), names, size=style.SMALL, color=style.INK)
        axes.tick_params(length=0, pad=3)
        panels.key(figure, width - panels.MARGIN - 3.1, panels.MARGIN + 0.1, drawn, "below 0", "above 0")
    return figure


def bands(network: Network, images: Array) -> list[Band]:
    """Divide one picture's activations into the parts of the figure."""
    spec, seen = network.spec, network.activations(images)
    dense = dense_on_pixels(network)
    side = spec.input_shape[0]
    last = max(place for place, layer in enumerate(spec.layers) if not isinstance(layer, SILENT))
    made = [_tiles("Pixels", (images[0] / 255)[..., None], side)]
    for place, (layer, name) in enumerate(zip(spec.layers, spec.layer_names, strict=True)):
        values = seen[name][0].astype(float)
        if isinstance(layer, SILENT):
            continue
        if isinstance(layer, Standardize):
            made.append(_tiles(layer.title(), values.reshape(*spec.input_shape, -1), side))
        elif dense is not None and place < dense:
            # Pixels still, some of them dropped.
            made.append(_tiles(layer.title(), on_pixels(network, values, place + 1)[..., None], side))
        elif values.ndim == 3:
            made.append(_tiles(layer.title(), values, side))
        elif values.ndim == 2:
            made.append(_sequence(layer.title(), values))
        else:
            made.append(_strip(layer.title(), values, place == last))
    return made


def _tiles(title: str, maps: Array, side: int) -> Band:
    high, wide, count = maps.shape
    cell = max(LEAST, TILE * math.sqrt(high / side)) / high
    lines = math.ceil(count / max(1, int((SHOWN / cell + 1) / (wide + 1))))
    laid = panels.mosaic(np.moveaxis(maps, -1, 0), math.ceil(count / lines))
    shape = f"{high}×{wide}×{count}" if count > 1 else f"{high}×{wide}"
    return Band(title, shape, laid, cell * laid.shape[1], cell * laid.shape[0], panels.largest(maps))


def _sequence(title: str, states: Array) -> Band:
    T, H = states.shape
    width = min(SHOWN, H * CELL)
    return Band(title, f"{T}×{H}", states, width, max(STRIP, ROW * T), panels.largest(states))


def _strip(title: str, values: Array, named: bool) -> Band:
    count = len(values)
    width = count * 0.56 if named else min(SHOWN, count * CELL)
    return Band(title, f"{count}", values[None], width, STRIP, panels.largest(values))


def _values(axes: Axes, band: Band) -> None:
    """Write each value into its cell, as dark cells and pale ones let it be read."""
    for place, value in enumerate(band.values[0]):
        colour = style.PAPER if abs(value) > 0.45 * band.most else style.INK
        axes.text(place, 0, panels.number(value), size=style.SMALL, color=colour, ha="center", va="center_baseline")
