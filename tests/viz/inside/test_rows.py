"""Gates and states equal the network's, and a prediction after t rows is that of a network that reads t rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from byhand.hands import Network, build
from byhand.metrics.losses import probabilities
from byhand.models import zoo
from byhand.models.layers import Flatten, Recurrent
from byhand.models.spec import Spec
from byhand.viz.inside.arrays import gates, hidden_states, is_recurrent, probabilities_by_row

Made = Callable[..., Network]
Specs = dict[str, Spec]
RECURRENT = ("elman", "lstm", "gru")


@pytest.mark.parametrize("name", RECURRENT)
def test_states_are_the_networks_own(made: Made, name: str, hand: str, images: np.ndarray) -> None:
    network = made(name, hand)
    seen, states = network.activations(images), hidden_states(network, images)
    recurrent = [
        (layer_name, layer)
        for layer_name, layer in zip(network.spec.layer_names, network.spec.layers, strict=True)
        if isinstance(layer, Recurrent)
    ]
    assert [*states] == [layer_name for layer_name, _ in recurrent]
    for layer_name, layer in recurrent:
        h = states[layer_name]
        assert h.shape == (5, 28, layer.hidden)
        np.testing.assert_allclose(h if layer.every else h[:, -1], seen[layer_name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", RECURRENT)
def test_float32_stays_float32(made: Made, name: str, images: np.ndarray) -> None:
    network = made(name, dtype="float32")
    for held in gates(network, images).values():
        assert {values.dtype for values in held.values()} == {np.dtype(np.float32)}


def test_what_a_cell_holds(made: Made, images: np.ndarray) -> None:
    held = gates(made("lstm"), images)["Recurrent2"]
    assert [*held] == ["i", "f", "o", "g", "c", "h"]
    before = np.concatenate([np.zeros_like(held["c"][:, :1]), held["c"][:, :-1]], axis=1)
    np.testing.assert_allclose(held["c"], held["f"] * before + held["i"] * held["g"])
    np.testing.assert_allclose(held["h"], held["o"] * np.tanh(held["c"]))
    held = gates(made("gru"), images)["Recurrent3"]
    assert [*held] == ["r", "z", "n", "h"]
    before = np.concatenate([np.zeros_like(held["h"][:, :1]), held["h"][:, :-1]], axis=1)
    np.testing.assert_allclose(held["h"], (1 - held["z"]) * held["n"] + held["z"] * before)
    assert [*gates(made("elman"), images)["Recurrent"]] == ["h"]


def test_an_lstm_by_hand() -> None:
    # One unit; every input weight 0 but the candidate's from the first pixel, state weights 0, two rows.
    spec = dataclasses.replace(zoo.network("lstm", hidden=1, depth=1, mean=0.0, std=1.0), input_shape=(2, 28))
    network = build(spec, dtype="float64")
    values = {name: np.zeros_like(value) for name, value in network.parameters().items()}
    values["W_xh"][0] = [0, 0, 0, 2]
    values["b_xh"][:] = [1, -1, 0.5, 0]
    values["b_hh"][:] = [0, 3, 0, 0]
    network.load(values)
    images = np.zeros((1, 2, 28), np.uint8)
    images[0, :, 0] = [255, 51]

    def sigma(a: float) -> float:
        return 1 / (1 + math.exp(-a))

    c1 = sigma(1) * math.tanh(2)
    c2 = sigma(2) * c1 + sigma(1) * math.tanh(0.4)
    held = gates(network, images)["Recurrent"]
    np.testing.assert_allclose(held["f"][0, :, 0], [sigma(2)] * 2)
    np.testing.assert_allclose(held["c"][0, :, 0], [c1, c2])
    np.testing.assert_allclose(held["h"][0, :, 0], [sigma(0.5) * math.tanh(c1), sigma(0.5) * math.tanh(c2)])


@pytest.mark.parametrize("name", RECURRENT)
def test_a_prediction_after_some_rows_is_that_of_a_shorter_image(
    specs: Specs, made: Made, name: str, hand: str, images: np.ndarray
) -> None:
    network = made(name, hand)
    likely = probabilities_by_row(network, images)
    assert likely.shape == (5, 28, 10)
    np.testing.assert_allclose(likely.sum(axis=2), 1)
    for t in (1, 2, 13, 28):
        shorter = build(dataclasses.replace(specs[name], input_shape=(t, 28)), dtype="float64")
        shorter.load(network.parameters())
        expected = probabilities(shorter.logits(images[:, :t]), network.spec.loss)
        np.testing.assert_allclose(likely[:, t - 1], expected, rtol=1e-9, atol=1e-12)


def test_networks_without_rows(specs: Specs, made: Made, images: np.ndarray, refused: Callable[..., Any]) -> None:
    assert [name for name in specs if is_recurrent(made(name))] == list(RECURRENT)
    for function in (gates, hidden_states, probabilities_by_row):
        with refused("look.not_recurrent"):
            function(made("mlp"), images)
    with refused("look.wrong_shape"):
        gates(made("lstm"), images[0])
    spec = zoo.network("elman", hidden=3)
    layers = (spec.layers[0], Recurrent("elman", 3, every=True), Flatten(), spec.layers[-1])
    network = build(dataclasses.replace(spec, layers=layers))
    assert hidden_states(network, images)["Recurrent"].shape == (5, 28, 3)
    with refused("look.every_state"):
        probabilities_by_row(network, images)
