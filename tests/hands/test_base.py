"""What the hands share: starting weights, the flat vector, large batches, loading by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from byhand.hands import HANDS, base, build
from byhand.models import zoo
from byhand.models.initial_weights import starting_values
from byhand.models.layers import Conv2d, Flatten, Linear, Recurrent, ReLU, Select, Standardize
from byhand.models.spec import Spec
from byhand.rng import generator

Batch = tuple[np.ndarray, np.ndarray]


# Starting weights.


@pytest.mark.parametrize(
    ("init", "variance", "bound"),
    # 784 values feed each of 400: (fan_in, fan_out) = (784, 400).
    [
        ("glorot_uniform", 2 / (784 + 400), (6 / (784 + 400)) ** 0.5),
        ("glorot_normal", 2 / (784 + 400), None),
        ("he_uniform", 2 / 784, (6 / 784) ** 0.5),
        ("he_normal", 2 / 784, None),
        ("torch", 1 / (3 * 784), 784**-0.5),
    ],
)
def test_the_laws_of_the_start(init: str, variance: float, bound: float | None) -> None:
    W = starting_values(zoo.network("mlp", hidden=(400,), init=init), 0)["W1"]
    # The sample variance of n = 313,600 numbers has a relative deviation of sqrt(2 / n) = 0.0025, or less.
    assert W.var() == pytest.approx(variance, rel=0.015)
    assert abs(W.mean()) < 5 * (variance / W.size) ** 0.5
    if bound is None:
        assert np.abs(W).max() > 4 * variance**0.5
        # Of a normal law, 4.55 % lie beyond two deviations.
        assert np.mean(np.abs(W) > 2 * variance**0.5) == pytest.approx(0.0455, abs=0.003)
    else:
        assert 0.999 * bound < np.abs(W).max() <= bound


def test_torch_draws_from_the_same_law() -> None:
    """The bounds of ``torch.nn``, where it draws them itself."""
    import torch

    torch.manual_seed(0)
    for ours, theirs, name in (
        (Spec((Standardize(), Flatten(), Linear(300)), init="torch"), torch.nn.Linear(784, 300).weight, "W"),
        (Spec((Standardize(), Flatten(), Linear(3000)), init="torch"), torch.nn.Linear(784, 3000).bias, "b"),
        (Spec((Standardize(), Conv2d(90, 5), Flatten()), init="torch"), torch.nn.Conv2d(1, 90, 5).weight, "W"),
        (Spec((Standardize(), Recurrent("lstm", 64)), init="torch"), torch.nn.LSTM(28, 64).weight_ih_l0, "W_xh"),
    ):
        mine, yours = starting_values(ours, 0)[name], theirs.detach().numpy()
        assert mine.size == yours.size
        assert np.abs(mine).max() == pytest.approx(np.abs(yours).max(), rel=0.02)
        assert mine.std() == pytest.approx(yours.std(), rel=0.05)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_start_in_every_hand(dtype: str) -> None:
    spec = zoo.network("mlp", hidden=(12, 7))
    drawn = starting_values(spec, 11)
    for hand in HANDS:
        network = build(spec, hand, seed=11, dtype=dtype)
        for name, value in network.parameters().items():
            assert value.dtype == dtype
            assert np.array_equal(value, drawn[name].astype(dtype)), f"{hand}: {name}"
        assert not np.array_equal(build(spec, hand, seed=12).parameters()["W1"], network.parameters()["W1"])


# The flat vector.


@pytest.mark.parametrize("hand", ["numpy", "fast", "tensor"])
def test_parameters_are_views_of_theta(hand: str, batch: Batch) -> None:
    network = build(zoo.network("mlp", hidden=(4,)), hand, dtype="float64")
    network.loss_and_gradient(*batch)
    for vector, named in ((network.theta, network.parameters()), (network.gradient, network.gradients())):
        joined = np.concatenate([value.ravel() for value in named.values()])
        assert np.array_equal(np.asarray(vector), joined)
        assert np.asarray(vector).any()
    network.theta[...] = 0
    assert not any(value.any() for value in network.parameters().values())


# Large batches, small batches.


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("prepared", [False, True])
def test_a_large_batch_is_summed_up_by_blocks(
    hand: str, prepared: bool, monkeypatch: pytest.MonkeyPatch, distance: Callable[..., float]
) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (57, 28, 28), dtype=np.uint8), rng.integers(0, 10, 57)
    spec = zoo.network("mlp", hidden=(6,))
    whole = build(spec, hand, dtype="float64")
    loss = whole.loss_and_gradient(images, labels)
    monkeypatch.setattr(base, "WHOLE", 56)
    monkeypatch.setattr(base, "BLOCK", 10)
    # The first call of a new network, and a later one.
    blocks = build(spec, hand, dtype="float64")
    entered: list[int] = []
    inner = blocks._loss_and_gradient
    monkeypatch.setattr(
        blocks, "_loss_and_gradient", lambda x, y, rng: (entered.append(len(x)), inner(x, y, rng))[1], raising=True
    )
    given: Any = blocks.prepared(images) if prepared else images
    for _ in range(2):
        assert blocks.loss_and_gradient(given, labels) == pytest.approx(loss, rel=1e-12)
        for name, value in whole.gradients().items():
            assert distance(blocks.gradients()[name], value) < 1e-12
    assert entered == [10, 10, 10, 10, 10, 7] * 2


@pytest.mark.parametrize("hand", HANDS)
def test_batch_normalization_sees_a_batch_whole(hand: str, monkeypatch: pytest.MonkeyPatch, batch: Batch) -> None:
    network = build(zoo.network("tiny-cnn", channels=(2, 2), norm=True), hand)
    monkeypatch.setattr(base, "WHOLE", 5)
    seen: list[int] = []
    inner = network._loss_and_gradient
    monkeypatch.setattr(network, "_loss_and_gradient", lambda x, y, r: (seen.append(len(x)), inner(x, y, r))[1])
    network.loss_and_gradient(*batch)
    assert seen == [13]


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", ["mlp", "elman"])
def test_sizes_that_go_up_and_down_leave_nothing_behind(hand: str, name: str, batch: Batch) -> None:
    images, labels = batch
    spec = zoo.network(name, hidden=9, dropout=0.3)
    used = build(spec, hand, dtype="float64")
    for count in (5, 13, 1, 7, 13):
        fresh = build(spec, hand, dtype="float64")
        losses = [
            network.loss_and_gradient(images[:count], labels[:count], generator(0, "d")) for network in (used, fresh)
        ]
        assert losses[0] == losses[1]
        for name, value in fresh.gradients().items():
            assert np.array_equal(used.gradients()[name], value), (count, name)
        assert np.array_equal(used.logits(images[:count]), fresh.logits(images[:count]))


@pytest.mark.parametrize("hand", HANDS)
def test_logits_are_the_callers_to_keep(hand: str, batch: Batch) -> None:
    network = build(zoo.network("mlp", hidden=(5,)), hand)
    images = batch[0]
    first = network.logits(images)
    kept = first.copy()
    seen = network.activations(images)
    looked = {name: value.copy() for name, value in seen.items()}
    network.logits(255 - images)
    network.loss_and_gradient(255 - images, batch[1])
    assert np.array_equal(first, kept)
    assert all(np.array_equal(seen[name], value) for name, value in looked.items())
    many = np.concatenate([images] * 80)
    assert np.allclose(network.logits(many), np.concatenate([kept] * 80), atol=1e-5)
    assert network.logits(images[:0]).shape == (0, 10)


@pytest.mark.parametrize("hand", HANDS)
def test_pictures_are_never_written_to(hand: str, batch: Batch) -> None:
    images, labels = (array.copy() for array in batch)
    images.flags.writeable = labels.flags.writeable = False
    network = build(zoo.network("mlp", hidden=(5,)), hand)
    network.logits(images)
    network.activations(images)
    network.loss_and_gradient(images, labels, generator(0, "d"))
    assert np.array_equal(images, batch[0])


# Loading and checking.


@pytest.mark.parametrize("hand", HANDS)
def test_weights_copy_across_by_name(hand: str, batch: Batch, distance: Callable[..., float]) -> None:
    spec = zoo.network("mlp", hidden=(6,))
    donor = build(spec, "numpy", seed=1, dtype="float64")
    network = build(spec, hand, seed=2, dtype="float64")
    assert not np.allclose(network.logits(batch[0]), donor.logits(batch[0]))
    network.load(donor.parameters())
    assert distance(network.logits(batch[0]), donor.logits(batch[0])) < 1e-12
    # A copy, not a share.
    donor.theta[...] = 0
    assert network.parameters()["W1"].any()


@pytest.mark.parametrize("hand", HANDS)
def test_strange_weights(hand: str, refused: Callable[..., Any]) -> None:
    network = build(zoo.network("mlp", hidden=(6,)), hand)
    values = {name: value.copy() for name, value in network.parameters().items()}
    with refused("hands.parameter_names"):
        network.load({"b3" if name == "b2" else name: value for name, value in values.items()})
    with refused("hands.parameter_shape"):
        network.load(values | {"W2": values["W2"].T})
    assert all(np.array_equal(network.parameters()[name], value) for name, value in values.items())


def test_what_cannot_be_built(refused: Callable[..., Any]) -> None:
    spec = zoo.network("softmax")
    with refused("hands.unknown_hand"):
        build(spec, "nunpy")
    with refused("hands.unknown_dtype"):
        build(spec, dtype="float16")
    with refused("hands.cpu_only"):
        build(spec, device="cuda")


# By hand.


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_worked_by_hand(hand: str, loss: str) -> None:
    """Two pixels, two hidden rectifiers, two classes.

    With mean 0 and std 1/255, the pixels enter as they are: x = (1, 2).
    W1 = [[1, -1], [1, -1]], b1 = (0, 1):  x W1 + b1 = (1 + 2, -1 - 2 + 1) = (3, -2), and h = (3, 0).
    W2 = [[1, 0], [5, 5]], b2 = (-3, 0):   z = (3 - 3, 0) = (0, 0).
    softmax: p = (1/2, 1/2), label 0:      L = log 2,    dz = (1/2 - 1, 1/2) = (-1/2, 1/2).
    sigmoid: sigma(0) = 1/2:               L = 2 log 2,  dz = (1/2 - 1, 1/2), the same.
    dW2 = h^T dz = [[-3/2, 3/2], [0, 0]],  db2 = dz.
    dh = dz W2^T = (-1/2 + 0, -5/2 + 5/2) = (-1/2, 0), and through the rectifiers (-1/2, 0).
    dW1 = x^T dh = [[-1/2, 0], [-1, 0]],   db1 = (-1/2, 0).
    """
    spec = Spec((Standardize(0.0, 1 / 255), Flatten(), Linear(2), ReLU(), Linear(2)), input_shape=(1, 2), loss=loss)
    network = build(spec, hand, dtype="float64")
    network.load(
        {
            "W1": np.array([[1.0, -1.0], [1.0, -1.0]]),
            "b1": np.array([0.0, 1.0]),
            "W2": np.array([[1.0, 0.0], [5.0, 5.0]]),
            "b2": np.array([-3.0, 0.0]),
        }
    )
    images = np.array([[[1, 2]]], np.uint8)
    seen = network.activations(images)
    assert seen["Linear1"] == pytest.approx(np.array([[3, -2]]))
    assert seen["ReLU"] == pytest.approx(np.array([[3, 0]]))
    assert seen["Linear2"] == pytest.approx(np.array([[0, 0]]))
    assert network.loss_and_gradient(images, np.array([0])) == pytest.approx(
        (1 if loss == "softmax" else 2) * np.log(2)
    )
    gradients = network.gradients()
    assert gradients["W2"] == pytest.approx(np.array([[-1.5, 1.5], [0, 0]]))
    assert gradients["b2"] == pytest.approx(np.array([-0.5, 0.5]))
    assert gradients["W1"] == pytest.approx(np.array([[-0.5, 0], [-1, 0]]))
    assert gradients["b1"] == pytest.approx(np.array([-0.5, 0]))


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize(("ours", "theirs"), [("relu", "relu"), ("sigmoid", "logistic"), ("tanh", "tanh")])
def test_scikit_learn_computes_the_same(hand: str, ours: str, theirs: str, batch: Batch) -> None:
    from sklearn.neural_network import MLPClassifier

    images, _ = batch
    network = build(zoo.network("mlp", hidden=(7, 5), activation=ours, mean=0.0, std=1.0), hand, dtype="float64")
    values = network.parameters()
    rows = images.reshape(len(images), -1) / 255
    model = MLPClassifier((7, 5), activation=theirs)
    model.partial_fit(rows[:10], np.arange(10), classes=np.arange(10))
    model.coefs_ = [values[f"W{i}"] for i in (1, 2, 3)]
    model.intercepts_ = [values[f"b{i}"] for i in (1, 2, 3)]
    from byhand.metrics.losses import probabilities

    assert probabilities(network.logits(images), "softmax") == pytest.approx(model.predict_proba(rows), abs=1e-12)


def test_the_tensor_hand_selects_alike_after_reading() -> None:
    """What was made while reading, where autograd is off, serves training too."""
    pytest.importorskip("torch")
    spec = zoo.network("mlp", hidden=(4,), pixels=(3, 400, 500))
    images = np.random.default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)
    ours, theirs = (build(spec, hand, dtype="float64") for hand in ("numpy", "tensor"))
    np.testing.assert_allclose(theirs.logits(images), ours.logits(images), rtol=1e-12)
    below = Spec((Standardize(), Flatten(), Linear(5), Select((4, 1)), Linear(3)))
    ours, theirs = (build(below, hand, dtype="float64") for hand in ("numpy", "tensor"))
    theirs.logits(images)
    labels = np.arange(6) % 3
    assert theirs.loss_and_gradient(images, labels) == pytest.approx(ours.loss_and_gradient(images, labels), rel=1e-12)
    np.testing.assert_allclose(theirs.gradient.numpy(), ours.gradient, rtol=1e-9, atol=1e-15)
