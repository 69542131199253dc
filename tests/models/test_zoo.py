"""The named networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from byhand.models import zoo
from byhand.models.layers import Dropout, Flatten, Linear, ReLU, Select, Sigmoid, Standardize, Tanh


def test_softmax() -> None:
    spec = zoo.network("softmax", mean=0.2, std=0.4)
    assert spec.layers == (Standardize(0.2, 0.4), Flatten(), Linear(10))
    assert spec.init == "glorot_uniform"
    assert spec.loss == "softmax"


def test_mlp() -> None:
    spec = zoo.network(
        "mlp", hidden=[30, 20], activation="tanh", dropout=0.5, pixels=[3, 1], loss="sigmoid", smoothing=0.1
    )
    assert spec.layers == (
        *(Standardize(), Flatten(), Select((3, 1))),
        *(Linear(30), Tanh(), Dropout(0.5), Linear(20), Tanh(), Dropout(0.5), Linear(10)),
    )
    assert (spec.loss, spec.smoothing) == ("sigmoid", 0.1)
    assert zoo.network("mlp", hidden=7) == zoo.network("mlp", hidden=(7,))
    assert zoo.network("mlp").layers == (Standardize(), Flatten(), Linear(128), ReLU(), Linear(10))
    assert zoo.network("mlp", activation="sigmoid").layers[3] == Sigmoid()


@pytest.mark.parametrize(
    ("settings", "init"),
    [
        ({}, "he_normal"),
        ({"activation": "tanh"}, "glorot_uniform"),
        ({"init": "torch"}, "torch"),
        ({"hidden": []}, "glorot_uniform"),
    ],
)
def test_default_initialization(settings: dict[str, Any], init: str) -> None:
    assert zoo.network("mlp", **settings).init == init


@pytest.mark.parametrize(
    ("name", "settings", "code"),
    [
        ("mpl", {}, "network.unknown"),
        ("mlp", {"hiden": 3}, "recipe.unknown_setting"),
        ("softmax", {"hidden": 3}, "recipe.unknown_setting"),
        ("mlp", {"hidden": "3"}, "settings.wrong_type"),
        ("mlp", {"hidden": [0]}, "layer.out_of_range"),
        ("mlp", {"activation": "relo"}, "network.unknown_activation"),
        ("mlp", {"dropout": 1.0}, "layer.out_of_range"),
        ("mlp", {"dropout": -1.0}, "layer.out_of_range"),
        ("mlp", {"pixels": [784]}, "layer.out_of_range"),
        ("mlp", {"std": 0.0}, "layer.out_of_range"),
        ("mlp", {"init": "he"}, "spec.unknown_init"),
        ("elman", {"depth": 0}, "network.out_of_range"),
        ("tiny-cnn", {"activations": "some"}, "network.unknown_activation"),
    ],
)
def test_refused(name: str, settings: dict[str, Any], code: str, refused: Callable[[str], Any]) -> None:
    with refused(code):
        zoo.network(name, **settings)


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_every_network_reads_digits(name: str) -> None:
    spec = zoo.network(name)
    assert spec.shapes[0] == (28, 28)
    assert spec.shapes[-1] == (10,)
    assert set(zoo.settings_of(name)) >= {"mean", "std", "loss", "init", "smoothing"}
