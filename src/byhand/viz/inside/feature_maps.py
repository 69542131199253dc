"""The figure of what every layer computes from an image: maps as tiles, vectors as strips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from byhand.hands.base import Array, Network
from byhand.models.layers import Container, Dropout, Flatten, Standardize
from byhand.viz import style
from byhand.viz.inside import panels
from byhand.viz.inside.arrays import dense_on_pixels, on_pixels
from byhand.viz.style import class_name, percent

WIDTH, BETWEEN, STRIP = 10.2, 0.2, 0.3
"""Inches: the width for tiles and strips, the gap between layers, and the height of a strip."""
TILE, LEAST = 0.6, 0.27
"""Inches: the side of a map of 28x28, and of the smallest map."""
CELL, LOGIT, ROW = 0.36, 0.56, 0.055
"""Inches: the width of a unit and of a logit, and the height of a row of a sequence."""
SILENT = (Flatten, Dropout)
"""Layers that leave every value as it is."""


@dataclass(frozen=True)
class Band:
    """One layer's part of the figure: a title, the shape, and a matrix with its size in inches."""

    title: str
    shape: str
    values: Array
    width: float
    height: float

    @property
    def note(self) -> str:
        return f"{self.shape}, up to {panels.largest(self.values):.2g}"


def feature_maps(network: Network, image: Array) -> style.Figure:
    """Draw what every layer computes from an image, from the pixels down to the logits.

    Maps are tiles, one for each channel; a sequence is a heat map with a row for each step and a column for each unit;
    a vector is a strip. Each layer has its own scale: blue above zero, paper at zero, vermilion below. `Flatten` and
    `Dropout` leave every value as it is and are left out.

    Parameters
    ----------
    network
        A network of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the image has another shape than the network reads.
    """
    images, likely = panels.predict(network, image)
    bands = _bands(network, images)
    with style.applied():
        titles = max(style.width_of(band.title, style.TEXT, "bold") for band in bands)
        notes = max(style.width_of(band.note, style.SMALL) for band in bands)
        left = panels.MARGIN + max(titles, notes) + panels.GAP
        width = left + WIDTH + panels.MARGIN
        height = 2 * panels.MARGIN + panels.HEADER + sum(band.height + BETWEEN for band in bands) + 0.25
        best = int(likely.argmax())
        note = f"read as {class_name(best)} with {percent(likely[best])} probability"
        figure = panels.sheet(width, height, "Layer by layer", note)
        top = panels.MARGIN + panels.HEADER
        for band in bands:
            axes = panels.panel(figure, left, top, band.width, band.height)
            drawn = panels.show_signed(axes, band.values)
            middle = top + band.height / 2
            y = 1 - (middle - 0.105) / height
            figure.text(panels.MARGIN / width, y, band.title, weight="bold", va="center_baseline")
            panels.write(figure, panels.MARGIN, middle + 0.105, band.note)
            top += band.height + BETWEEN
        logits = bands[-1].values[0]
        for k, value in enumerate(logits):
            # Dark cells carry light text.
            color = style.PAPER if abs(value) > 0.45 * panels.largest(logits) else style.INK
            axes.text(k, 0, panels.number(value), size=style.SMALL, color=color, ha="center", va="center_baseline")
        axes.set_xticks(range(len(logits)), [class_name(k) for k in range(len(logits))], size=style.SMALL)
        axes.tick_params(length=0, pad=3, labelcolor=style.INK)
        panels.key(figure, width - panels.MARGIN - 3.1, panels.MARGIN + 0.1, drawn, "below 0", "above 0")
    return figure


def _bands(network: Network, images: Array) -> list[Band]:
    """Divide the activations of one image into the parts of the figure."""
    spec, activations, dense = network.spec, network.activations(images), dense_on_pixels(network)
    side = spec.input_shape[0]
    bands = [_tiles("Pixels", (images[0] / 255)[..., None], side)]
    for index, (layer, name) in enumerate(zip(spec.layers, spec.layer_names, strict=True)):
        if isinstance(layer, SILENT):
            continue
        # The title of a container names all layers inside.
        title = layer.kind if isinstance(layer, Container) else layer.title()
        values = activations[name][0].astype(float)
        if isinstance(layer, Standardize):
            bands.append(_tiles(title, values.reshape(*spec.input_shape, -1), side))
        elif dense is not None and index < dense:
            # Still pixels, some of them dropped.
            bands.append(_tiles(title, on_pixels(network, values, index + 1)[..., None], side))
        elif values.ndim == 3:
            bands.append(_tiles(title, values, side))
        elif values.ndim == 2:
            T, H = values.shape
            bands.append(Band(title, f"{T}×{H}", values, min(WIDTH, H * CELL), max(STRIP, ROW * T)))
        else:
            width = min(WIDTH, len(values) * CELL)
            bands.append(Band(title, f"{len(values)}", values[None], width, STRIP))
    logits = bands[-1]
    bands[-1] = Band(logits.title, logits.shape, logits.values, LOGIT * logits.values.shape[1], STRIP)
    return bands


def _tiles(title: str, maps: Array, side: int) -> Band:
    high, wide, count = maps.shape
    cell = max(LEAST, TILE * math.sqrt(high / side)) / high
    lines = math.ceil(count / max(1, int((WIDTH / cell + 1) / (wide + 1))))
    grid = panels.mosaic(np.moveaxis(maps, -1, 0), math.ceil(count / lines))
    shape = f"{high}×{wide}×{count}" if count > 1 else f"{high}×{wide}"
    return Band(title, shape, grid, cell * grid.shape[1], cell * grid.shape[0])
