"""Weights that can be looked at as pictures, because they lie upon the pixels."""

from __future__ import annotations

import numpy as np

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.models.layers import Conv2d, Dropout, Flatten, Linear, Select, Standardize


def dense_on_pixels(network: Network) -> int | None:
    """Find the place, in `Spec.layers`, of the dense layer whose weights lie upon the pixels; ``None`` without one."""
    for place, layer in enumerate(network.spec.layers):
        if isinstance(layer, Linear):
            return place
        if not isinstance(layer, Standardize | Flatten | Select | Dropout):
            return None
    return None


def pixels_kept(network: Network, upto: int) -> Array:
    """Find which pixels enter a layer that sees pixels one by one.

    Returns
    -------
    numpy.ndarray
        Their places in the picture counted row by row, in the order of the layer's input.
    """
    kept = np.arange(np.prod(network.spec.input_shape))
    for layer in network.spec.layers[:upto]:
        if isinstance(layer, Select):
            kept = kept[np.asarray(layer.indices)]
    return kept


def on_pixels(network: Network, values: Array, upto: int) -> Array:
    """Lay values ``(..., D)`` of a layer's D inputs back upon the picture.

    Returns
    -------
    numpy.ndarray
        ``(..., 28, 28)``, not a number where `Select` dropped the pixel.
    """
    shape = network.spec.input_shape
    laid = np.full((*values.shape[:-1], int(np.prod(shape))), np.nan, values.dtype)
    laid[..., pixels_kept(network, upto)] = values
    return laid.reshape(*values.shape[:-1], *shape)


def unit_pictures(network: Network) -> Array:
    """Show what each unit of the first dense layer looks for: its weights, each on its pixel.

    Parameters
    ----------
    network
        Of any hand, whose lowest layer that learns is dense: softmax regression or a multilayer perceptron.

    Returns
    -------
    numpy.ndarray
        ``(units, 28, 28)``; not a number where `Select` dropped the pixel.

    Raises
    ------
    ByhandError
        If no dense layer lies upon the pixels.
    """
    place = dense_on_pixels(network)
    if place is None:
        raise ByhandError("No dense layer of the network lies upon the pixels; look at the units of softmax or mlp.")
    W = network.parameters()[network.spec.layer_parameters[place][0].name]
    return on_pixels(network, W.T, place)


def filters(network: Network) -> Array:
    """Show the kernels of the first convolution.

    Parameters
    ----------
    network
        Of any hand, with a convolution.

    Returns
    -------
    numpy.ndarray
        ``(channels, k, k, C)``, a copy: for each channel its kernel over C channels below.

    Raises
    ------
    ByhandError
        If the network has no convolution.
    """
    for layer, learnt in zip(network.spec.layers, network.spec.layer_parameters, strict=True):
        if isinstance(layer, Conv2d):
            W: Array = np.moveaxis(network.parameters()[learnt[0].name], -1, 0).copy()
            return W
    raise ByhandError("The network has no convolution, so it has no filters; look at conv5x5 or tiny-cnn.")
