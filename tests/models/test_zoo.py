"""The named networks."""

from __future__ import annotations

from typing import Any

import pytest

from byhand.errors import ByhandError
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
def test_the_usual_start(settings: dict[str, Any], init: str) -> None:
    assert zoo.network("mlp", **settings).init == init


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("mpl", {}, "There is no network 'mpl'; perhaps 'mlp' was meant."),
        ("mlp", {"hiden": 3}, "The network 'mlp' has no setting 'hiden'; perhaps 'hidden' was meant."),
        ("softmax", {"hidden": 3}, "The network 'softmax' has no setting 'hidden'; known are"),
        ("mlp", {"hidden": "3"}, "The network 'mlp' was given hidden = '3'; give a value like [128]."),
        ("mlp", {"hidden": [0]}, "Linear was given units = 0; give 1 or more."),
        ("mlp", {"activation": "relo"}, "There is no activation 'relo'; perhaps 'relu' was meant."),
        ("mlp", {"dropout": 1.0}, "Dropout was given rate 1.0"),
        ("mlp", {"dropout": -1.0}, "Dropout was given rate -1.0"),
        ("mlp", {"pixels": [784]}, "Select names 1 indices of a row of 784 values"),
        ("mlp", {"std": 0.0}, "Standardize was given"),
        ("mlp", {"init": "he"}, "There is no initialisation 'he'"),
        ("elman", {"depth": 0}, "elman was given depth = 0; give 1 or more."),
        ("tiny-cnn", {"activations": "some"}, "tiny-cnn was given activations = 'some'; give 'project' or 'all'."),
    ],
)
def test_refused(name: str, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ByhandError) as told:
        zoo.network(name, **settings)
    assert str(told.value).startswith(sentence)


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_every_network_reads_digits(name: str) -> None:
    spec = zoo.network(name)
    assert spec.shapes[0] == (28, 28)
    assert spec.shapes[-1] == (10,)
    assert set(zoo.settings_of(name)) >= {"mean", "std", "loss", "init", "smoothing"}
