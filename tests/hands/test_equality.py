"""With the same weights and pictures all hands are the same function, in float64 to 1e-10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.hands import HANDS, Network, build
from byhand.models import zoo
from byhand.models.layers import (
    GELU,
    BatchNorm1d,
    BatchNorm2d,
    Bidirectional,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2d,
    Patches,
    Recurrent,
    ReLU,
    Residual,
    Select,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec
from byhand.rng import generator

Batch = tuple[np.ndarray, np.ndarray]
Distance = Callable[[Any, Any], float]


def spec_of(*layers: Layer) -> Spec:
    return Spec((Standardize(), *layers, Linear(10)))


PIXELS = tuple(range(200, 600, 7))
NETWORKS = {
    "softmax": zoo.network("softmax"),
    "softmax, some pixels": zoo.network("softmax", pixels=PIXELS, smoothing=0.1),
    "relu": zoo.network("mlp", hidden=(17, 11)),
    "relu, dropout": zoo.network("mlp", hidden=(17, 11), dropout=0.3, smoothing=0.2),
    "sigmoid": zoo.network("mlp", hidden=(17,), activation="sigmoid", loss="sigmoid"),
    "tanh": zoo.network("mlp", hidden=(9, 8, 7), activation="tanh", loss="sigmoid", smoothing=0.1, dropout=0.5),
    "torch's start": zoo.network("mlp", hidden=(5,), init="torch", pixels=PIXELS, mean=0.5, std=0.25),
    "elman": zoo.network("elman", hidden=6, depth=2, dropout=0.2),
    "lstm": zoo.network("lstm", hidden=5, forget_bias=1.0),
    "gru": zoo.network("gru", hidden=5, depth=1),
    "conv5x5": zoo.network("conv5x5", channels=(2, 3), hidden=5, dropout=0.2),
    "tiny-cnn": zoo.network("tiny-cnn", channels=(2, 2, 3, 3), norm=True),
    "pooled and normed pictures": spec_of(MaxPool2d(3), BatchNorm2d(), Conv2d(2, 3, 2), Flatten()),
    "normed pictures": spec_of(BatchNorm2d(), ReLU(), Conv2d(3, 5, 3, 1), ReLU(), Flatten()),
    "strides and remainders": spec_of(Conv2d(4, 4, 3, 2), ReLU(), Conv2d(3, 2, 2, 3), MaxPool2d(3), Flatten()),
    "pooling after activations": spec_of(Conv2d(3, 3), ReLU(), MaxPool2d(), Tanh(), MaxPool2d(3), Flatten()),
    "activations in a row": spec_of(Flatten(), Linear(9), Sigmoid(), Tanh(), Dropout(0.4), ReLU(), Dropout(0.0)),
    "vit": zoo.network("vit", patch=14, stem=2, width=6, depth=2, heads=3, hidden=5, dropout=0.3),
    "vit of rows": zoo.network("vit", patch=0, width=4, depth=1, heads=1, hidden=5),
    "resnet": zoo.network("resnet", channels=(2, 3), blocks=1, dropout=0.2),
    "bi-lstm": zoo.network("bi-lstm", hidden=3, dropout=0.2),
    "patches of maps": spec_of(Conv2d(3, 5, 3), Patches(4), BatchNorm1d(), Flatten(), GELU(), BatchNorm1d()),
    "branches that end in anything": spec_of(
        Residual((Tanh(),)),
        Residual((Residual((Dropout(0.3),)), LayerNorm())),
        Residual((Linear(28), Residual((GELU(), Residual((Dropout(0.0),)))))),
        Residual((Recurrent("gru", 28, every=True), Dropout(0.2))),
        Bidirectional((Recurrent("elman", 4, every=True), Dropout(0.2), ReLU(), Dropout(0.3), Recurrent("gru", 3))),
    ),
    "selected twice": spec_of(Flatten(), Linear(9), Tanh(), Select((4, 1, 8)), Sigmoid(), Select((2, 0))),
}


def all_hands(spec: Spec, dtype: str = "float64") -> list[Network]:
    return [build(spec, hand, seed=3, dtype=dtype) for hand in HANDS]


def agree(spec: Spec, images: np.ndarray, labels: np.ndarray, distance: Distance) -> None:
    ours, *others = all_hands(spec)
    loss = ours.loss_and_gradient(images, labels, generator(0, "drop"))
    gradients = {name: value.copy() for name, value in ours.gradients().items()}
    logits, activations, state = ours.logits(images), ours.activations(images), ours.state()
    assert list(gradients) == [parameter.name for parameter in spec.parameters]
    assert list(activations) == list(spec.layer_names)
    for other in others:
        assert other.loss_and_gradient(images, labels, generator(0, "drop")) == pytest.approx(loss, rel=1e-10)
        theirs = other.gradients()
        assert list(theirs) == list(gradients)
        for name, value in gradients.items():
            # Batch normalisation takes out what is added below it: no slope there, but for rounding.
            if not (spec.state and max(np.abs(value).max(), np.abs(theirs[name]).max()) < 1e-12):
                assert distance(theirs[name], value) < 1e-10, f"{other.hand}: gradient of {name}"
        for name, value in state.items():
            assert distance(other.state()[name], value) < 1e-10, f"{other.hand}: {name}"
        assert distance(other.logits(images), logits) < 1e-10
        for name, value in other.activations(images).items():
            assert distance(value, activations[name]) < 1e-10, f"{other.hand}: {name}"
            assert value.dtype == np.float64
            assert value.flags.owndata or value.base is not None


@pytest.mark.parametrize("name", NETWORKS)
def test_the_hands_are_one_function(name: str, batch: Batch, distance: Distance) -> None:
    agree(NETWORKS[name], *batch, distance)


@given(
    hidden=st.lists(st.integers(1, 9), max_size=3),
    activation=st.sampled_from(("relu", "sigmoid", "tanh")),
    loss=st.sampled_from(("softmax", "sigmoid")),
    smoothing=st.sampled_from((0.0, 0.3)),
    dropout=st.sampled_from((0.0, 0.4)),
    count=st.integers(1, 5),
)
def test_perceptrons_of_any_shape(
    distance: Distance, hidden: list[int], activation: str, loss: str, smoothing: float, dropout: float, count: int
) -> None:
    settings = {"activation": activation, "loss": loss, "smoothing": smoothing, "dropout": dropout}
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    agree(zoo.network("mlp", hidden=tuple(hidden), **settings), images, rng.integers(0, 10, count), distance)
