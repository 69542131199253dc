"""The figures of weights that lie upon pixels: what hidden units look for, and what a convolution's filters are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from byhand.hands.base import Array, Network
from byhand.models.layers import Linear, ReLU, Sigmoid, Tanh
from byhand.viz.inside import panels
from byhand.viz.inside.arrays import unit_weights as weights
from byhand.viz.inside.gallery import gallery

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    names = [panels.class_name(network, int(unit)) for unit in order] if last else []
    if values is not None:
        told = [panels.number(values[unit]) for unit in order]
        names = [f"{name}: {value}" for name, value in zip(names, told, strict=True)] if names else told
    title, beside = "What each logit looks for" if last else "What hidden units look for", ""
    if values is not None and not last:
        beside = "this picture excites them in this order"
    if len(order) < len(pictures):
        beside += f"{'; ' if beside else ''}{len(order)} of {len(pictures)}"
    return gallery(
        pictures[order],
        names,
        title=title,
        beside=beside,
        columns=5 if len(order) <= 10 else 12,
        signed=True,
        ends=("ink lowers it", "ink raises it"),
    )


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
    return gallery(
        kernels,
        title="The first filters",
        beside=f"{len(kernels)} of {kernels.shape[1]}×{kernels.shape[2]}",
        columns=8 if len(kernels) <= 16 else 12,
        signed=True,
    )


def _name_above(network: Network) -> str:
    """Name the layer whose values the dense units send on: their activation, where there is one."""
    layers = network.spec.layers
    place = next(place for place, layer in enumerate(layers) if isinstance(layer, Linear))
    if place + 1 < len(layers) and isinstance(layers[place + 1], ReLU | Sigmoid | Tanh):
        place += 1
    return network.spec.layer_names[place]
