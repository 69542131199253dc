"""The figures of weights that lie upon pixels: what hidden units look for, and what a convolution's filters are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from byhand.hands.base import Array, Network
from byhand.layers import Linear, ReLU, Sigmoid, Tanh
from byhand.look import panels
from byhand.look.arrays import weights
from byhand.report import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE = 12.0
"""Inches: the room for tiles."""
MOST = 48
"""Units that are shown; more would be too small to see."""


def units(network: Network, image: Array | None = None) -> Figure:
    """Draw what the units of the first dense layer look for: their weights, each on its pixel.

    Each unit has a scale of its own: vermilion where ink raises it, blue where ink lowers it, grey where `Select`
    dropped the pixel.

    Parameters
    ----------
    network
        Softmax regression or a multilayer perceptron, of any hand.
    image
        uint8 ``(28, 28)``; with it the units stand in the order in which it excites them, the value under each, and
        without it in their own. Of more than 48 units the first 48 are shown. Logits keep the order of their classes.

    Raises
    ------
    ByhandError
        If no dense layer lies upon the pixels, or the picture is of another shape than the network reads.
    """
    pictures = weights.unit_pictures(network)
    place = weights.dense_on_pixels(network)
    spec = network.spec
    last = place == len(spec.layers) - 1
    order = np.arange(len(pictures))
    values = None
    if image is not None:
        images, _ = panels.reading(network, image)
        values = network.activations(images)[_name_above(network)][0]
        if not last:
            order = np.argsort(-values, kind="stable")
    order = order[:MOST]
    columns = min(12 if len(order) > 10 else 10 if len(order) > 5 else 5, len(order))
    if len(order) == 10:
        columns = 5
    side = min(1.6, WIDE / columns) - 0.12
    line = side + (0.34 if values is not None or last else 0.12)
    lines = math.ceil(len(order) / columns)
    with style.applied():
        title, beside = "What each logit looks for" if last else "What hidden units look for", ""
        if values is not None and not last:
            beside = "this picture excites them in this order"
        if len(order) < len(pictures):
            beside += f"{'; ' if beside else ''}{len(order)} of {len(pictures)}"
        width = max(columns * (side + 0.12) - 0.12, 9.2) + 2 * panels.MARGIN
        height = 2 * panels.MARGIN + panels.HEADER + lines * line + 0.3
        figure = panels.sheet(width, height, title, beside)
        left = panels.MARGIN
        for n, unit in enumerate(order):
            row, column = divmod(n, columns)
            axes = panels.panel(
                figure, left + column * (side + 0.12), panels.MARGIN + panels.HEADER + row * line, side, side
            )
            drawn = panels.show_signed(axes, pictures[unit])
            words = [panels.class_name(network, int(unit))] if last else []
            words += [panels.number(values[unit])] if values is not None else []
            axes.set_xlabel(": ".join(words), size=style.SMALL, labelpad=3, color=style.INK)
        panels.key(figure, panels.MARGIN, height - panels.MARGIN - 0.13, drawn, "ink lowers it", "ink raises it")
    return figure


def filters(network: Network) -> Figure:
    """Draw the filters of the first convolution, each on a scale of its own.

    Parameters
    ----------
    network
        With a convolution, of any hand. Of kernels over several channels the first is shown.

    Raises
    ------
    ByhandError
        If the network has no convolution.
    """
    kernels = weights.filters(network)[..., 0]
    count = len(kernels)
    columns = min(count, 8 if count <= 16 else 12)
    side = min(1.3, WIDE / columns) - 0.12
    lines = math.ceil(count / columns)
    with style.applied():
        size = f"{kernels.shape[1]}×{kernels.shape[2]}"
        width = max(columns * (side + 0.12) - 0.12, 7.2) + 2 * panels.MARGIN
        height = 2 * panels.MARGIN + panels.HEADER + lines * (side + 0.12) + 0.3
        figure = panels.sheet(width, height, "The first filters", f"{count} of {size}")
        left = panels.MARGIN
        for n, kernel in enumerate(kernels):
            row, column = divmod(n, columns)
            top = panels.MARGIN + panels.HEADER + row * (side + 0.12)
            axes = panels.panel(figure, left + column * (side + 0.12), top, side, side)
            drawn = panels.show_signed(axes, kernel)
        panels.key(figure, panels.MARGIN, height - panels.MARGIN - 0.13, drawn, "below 0", "above 0")
    return figure


def _name_above(network: Network) -> str:
    """Name the layer whose values the dense units send on: their activation, where there is one."""
    layers = network.spec.layers
    place = next(place for place, layer in enumerate(layers) if isinstance(layer, Linear))
    if place + 1 < len(layers) and isinstance(layers[place + 1], ReLU | Sigmoid | Tanh):
        place += 1
    return network.spec.layer_names[place]
