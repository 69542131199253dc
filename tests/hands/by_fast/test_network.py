"""The fast hand computes what the textbook hand does, whatever its buffers, parts and order of layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from byhand.hands.base import Array, Mode, Prepared
from byhand.hands.by_fast.layer import TextbookLayer, build_layer
from byhand.hands.by_fast.network import FastNetwork
from byhand.hands.by_fast.parallel import forced_parts
from byhand.hands.by_numpy.layer import Layer as NumpyLayer
from byhand.hands.by_numpy.layer import implements
from byhand.hands.by_numpy.network import NumpyNetwork
from byhand.models import zoo
from byhand.models.layers import (
    GELU,
    LAYERS,
    BatchNorm2d,
    Bidirectional,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    Linear,
    MaxPool2d,
    Recurrent,
    ReLU,
    Residual,
    Select,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec


def spec_of(*layers: Layer, input_shape: tuple[int, ...] = (28, 28)) -> Spec:
    return Spec((Standardize(), *layers), input_shape=input_shape)


NETWORKS = {
    "dense": spec_of(Flatten(), Select(tuple(range(0, 784, 3))), Linear(9), Sigmoid(), Dropout(0.3), Linear(10)),
    "tanh": spec_of(Flatten(), Tanh(), ReLU(), Linear(9), Tanh(), Dropout(0.0), Linear(10)),
    "tiny-cnn": zoo.network("tiny-cnn", channels=(2, 3), norm=True),
    "conv5x5": zoo.network("conv5x5", channels=(2, 3), hidden=8, dropout=0.4),
    "padding and strides": spec_of(
        Conv2d(4, 4, 3, 2), ReLU(), Conv2d(3, 2, 2, 3), MaxPool2d(3), Flatten(), Linear(10), input_shape=(28, 23)
    ),
    "wide padding": spec_of(Conv2d(2, 3, 1, 4), Conv2d(3, 4, 3, 5), ReLU(), MaxPool2d(2), Flatten(), Linear(10)),
    "pooled pixels": spec_of(MaxPool2d(3), BatchNorm2d(), Conv2d(2, 3, 2), ReLU(), Flatten(), Linear(10)),
    "vit": zoo.network("vit", patch=14, stem=2, width=6, depth=2, heads=3, hidden=5, dropout=0.3),
    "resnet": zoo.network("resnet", channels=(2, 3), blocks=1),
    "poolings in branches": spec_of(
        Conv2d(2, 3, stride=2),
        Residual((Conv2d(2, 3, padding=1), ReLU(), Dropout(0.3))),
        *(ReLU(), MaxPool2d(2), Residual((ReLU(), MaxPool2d(1))), GlobalAveragePool(), Linear(10)),
    ),
    "both directions": spec_of(
        Bidirectional((Recurrent("lstm", 3, every=True), Dropout(0.2), Recurrent("gru", 4, every=True))),
        Dropout(0.2),
        Bidirectional((Recurrent("elman", 3),)),
        Linear(10),
        input_shape=(6, 7),
    ),
    "one step": spec_of(Recurrent("lstm", 5, every=True), Recurrent("gru", 4), Linear(10), input_shape=(1, 3)),
    **{
        f"{cell}, deep": spec_of(
            Recurrent(cell, 6, every=True), Dropout(0.2), Recurrent(cell, 5), Linear(10), input_shape=(6, 7)
        )
        for cell in ("elman", "lstm", "gru")
    },
}


def digits(B: int, shape: tuple[int, ...], seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (B, *shape), dtype=np.uint8), rng.integers(0, 10, B)


def assert_same(ours: FastNetwork, theirs: NumpyNetwork, images: Array | Prepared, pixels: Array, labels: Any) -> None:
    loss, wanted = (
        network.loss_and_gradient(given, labels, np.random.default_rng(1))
        for network, given in ((ours, images), (theirs, pixels))
    )
    assert loss == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(ours.gradient, theirs.gradient, rtol=1e-9, atol=1e-12)
    for name, value in theirs.state().items():
        np.testing.assert_allclose(ours.state()[name], value, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(ours.logits(pixels), theirs.logits(pixels), rtol=1e-10, atol=1e-12)
    outputs = ours.activations(pixels)
    for name, values in theirs.activations(pixels).items():
        np.testing.assert_allclose(outputs[name], values, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_the_textbooks_function(name: str, parts: int) -> None:
    spec = NETWORKS[name]
    ours, theirs = FastNetwork(spec, dtype="float64"), NumpyNetwork(spec, dtype="float64")
    # Buffers of a large batch serve a smaller one, and grow again.
    for B in (13, 4, 21):
        images, labels = digits(B, spec.input_shape, B)
        with forced_parts(parts):
            assert_same(ours, theirs, images, images, labels)
            assert_same(ours, theirs, ours.prepared(images), images, labels)


def test_a_layer_of_the_textbook_hand_alone_trains_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(implements, "_made", dict(implements._made))
    known = dict(LAYERS)

    class Scaled(Layer):
        """``y = 2 x``, and in training a random factor."""

    @implements(Scaled)
    class NumpyScaled(NumpyLayer):
        def forward(self, x: Array, parameters: Any, mode: Mode) -> tuple[Array, Any]:
            factor = 2.0 if mode.rng is None else float(mode.rng.integers(1, 4))
            return factor * x, factor

        def backward(self, dy: Array, cache: Any) -> tuple[Array, Any]:
            # Read-only, which the layer below must not write to.
            return np.broadcast_to(cache * dy, dy.shape), ()

    try:
        spec = spec_of(Flatten(), Linear(8), ReLU(), Scaled(), Dropout(0.3), Linear(10))
        ours, theirs = FastNetwork(spec, dtype="float64"), NumpyNetwork(spec, dtype="float64")
        assert isinstance(ours._trainers[0][0].layers[4], TextbookLayer)
        for step in range(3):
            images, labels = digits(40, (28, 28), step)
            assert_same(ours, theirs, images, images, labels)
            for network in (ours, theirs):
                network.theta -= 0.01 * network.gradient
    finally:
        LAYERS.clear()
        LAYERS.update(known)


@pytest.mark.parametrize(
    "spec", [zoo.network("lstm", hidden=32), zoo.network("vit", depth=1, dropout=0.1)], ids=["lstm", "vit"]
)
def test_results_are_the_same_on_every_run(spec: Spec) -> None:
    images, labels = digits(128, (28, 28))
    found = []
    for _ in range(2):
        network = FastNetwork(spec)
        with forced_parts(2):
            loss = [network.loss_and_gradient(images, labels, np.random.default_rng(0)) for _ in range(2)][-1]
        found.append((loss, network.gradient.tobytes()))
    assert found[0] == found[1]


def test_gelu_is_exact_to_the_rounding_of_float32() -> None:
    x = np.concatenate([np.linspace(-9, 9, 7001), [0.0, -0.0, 1e-30, -1e-30, 1e4, -1e4]])
    textbook = implements.find(GELU())(GELU())
    wanted, cache = textbook.forward(x, (), Mode(training=True))
    slope, _ = textbook.backward(np.ones_like(x), cache)
    layer = build_layer(GELU(), x.shape, np.dtype(np.float32))
    single = x.astype(np.float32)
    np.testing.assert_allclose(layer.forward(single, Mode(training=True)), wanted, rtol=2e-7, atol=5e-7)
    np.testing.assert_allclose(layer.backward(np.ones_like(single)), slope, rtol=2e-7, atol=1e-6)


@pytest.mark.parametrize("name", ["vit", "both directions"])
def test_networks_of_branches_are_trained_in_parts(name: str) -> None:
    assert FastNetwork(NETWORKS[name]).batch_parallel
