"""Weights as images, each on its pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate2d

from byhand.hands import Network
from byhand.models.layers import Select
from byhand.models.spec import Spec
from byhand.viz.inside.arrays import filters, unit_pictures

Made = Callable[..., Network]
Specs = dict[str, Spec]


@pytest.mark.parametrize("name", ["softmax", "softmax of some pixels", "mlp", "mlp of some pixels"])
def test_a_unit_is_its_picture_times_the_pixels(made: Made, name: str, hand: str, images: np.ndarray) -> None:
    network = made(name, hand)
    pictures = unit_pictures(network)
    dropped = np.isnan(pictures)
    expected = np.zeros((28, 28), bool)
    for layer in network.spec.layers:
        if isinstance(layer, Select):
            expected[...] = True
            expected.flat[np.asarray(layer.indices)] = False
    assert expected.any() == ("some pixels" in name)
    assert (dropped == expected).all()
    x = (images / 255 - 0.1307) / 0.3081
    seen = network.activations(images)
    (first,) = [layer for layer in network.spec.layer_names if layer in ("Linear", "Linear1")]
    bias = network.parameters()["b" if first == "Linear" else "b1"]
    z = np.einsum("bhw,uhw->bu", x, np.nan_to_num(pictures)) + bias
    np.testing.assert_allclose(z, seen[first], rtol=1e-9)


def test_filters_slid_over_the_picture_give_its_maps(made: Made, hand: str, images: np.ndarray) -> None:
    network = made("conv5x5", hand)
    kernels = filters(network)
    assert kernels.shape == (4, 5, 5, 1)
    x = (images[0] / 255 - 0.1307) / 0.3081
    maps = network.activations(images[:1])["Conv2d1"][0]
    for c in range(4):
        expected = correlate2d(x, kernels[c, ..., 0], mode="same") + network.parameters()["b1"][c]
        np.testing.assert_allclose(maps[..., c], expected, rtol=1e-9, atol=1e-12)
    # A copy: changing it leaves the network unchanged.
    kernels[...] = 0
    assert filters(network).any()


def test_networks_without_such_weights(specs: Specs, made: Made, refused: Callable[..., Any]) -> None:
    for name in specs:
        convolutional = name in ("conv5x5", "tiny-cnn")
        with refused("look.no_dense_layer" if convolutional else "look.no_convolution"):
            (unit_pictures if convolutional else filters)(made(name))
