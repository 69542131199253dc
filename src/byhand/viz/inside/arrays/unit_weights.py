"""Weights that can be shown as images, because they lie on the pixels."""

from __future__ import annotations

import numpy as np

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.models.layers import Conv2d, Dropout, Flatten, Linear, Select, Standardize


def dense_on_pixels(network: Network) -> int | None:
    """Find the index, in `Spec.layers`, of the dense layer whose weights lie on the pixels; ``None`` without one."""
    for index, (layer, shape) in enumerate(zip(network.spec.layers, network.spec.shapes, strict=False)):
        if isinstance(layer, Linear):
            # Of a sequence, the layer takes every step by itself.
            return index if len(shape) == 1 else None
        if not isinstance(layer, Standardize | Flatten | Select | Dropout):
            return None
    return None


def on_pixels(network: Network, values: Array, upto: int) -> Array:
    """Arrange the D inputs ``(..., D)`` of layer `upto` as an image.

    Returns
    -------
    numpy.ndarray
        ``(..., 28, 28)``, NaN where `Select` dropped the pixel.
    """
    shape = network.spec.input_shape
    kept = np.arange(np.prod(shape))
    for layer in network.spec.layers[:upto]:
        if isinstance(layer, Select):
            kept = kept[np.asarray(layer.indices)]
    image = np.full((*values.shape[:-1], int(np.prod(shape))), np.nan, values.dtype)
    image[..., kept] = values
    return image.reshape(*values.shape[:-1], *shape)


def unit_pictures(network: Network) -> Array:
    """Return the weights of each unit of the first dense layer, each on its pixel.

    Parameters
    ----------
    network
        A network of any hand, whose lowest layer with weights is dense: softmax regression or a multilayer perceptron.

    Returns
    -------
    numpy.ndarray
        ``(units, 28, 28)``, NaN where `Select` dropped the pixel.

    Raises
    ------
    ByhandError
        If no dense layer lies on the pixels.
    """
    index = dense_on_pixels(network)
    if index is None:
        raise ByhandError(
            "The network has no dense layer on the pixels; choose softmax or mlp.", code="look.no_dense_layer"
        )
    W = network.parameters()[network.spec.layer_parameters[index][0].name]
    return on_pixels(network, W.T, index)


def filters(network: Network) -> Array:
    """Return the kernels of the first convolution.

    Parameters
    ----------
    network
        A network of any hand, with a convolution.

    Returns
    -------
    numpy.ndarray
        ``(channels, k, k, C)``, a copy: for each channel its kernel over C input channels.

    Raises
    ------
    ByhandError
        If the network has no convolution.
    """
    for entry in network.spec.entries:
        if isinstance(entry.layer, Conv2d):
            return np.array(np.moveaxis(network.parameters()[entry.parameters[0].name], -1, 0))
    raise ByhandError("The network has no convolution; choose conv5x5 or tiny-cnn.", code="look.no_convolution")
