"""Backward passes derived on paper, against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from byhand.hands.base import dropout_mask
from byhand.hands.by_fast.layer import Mode
from byhand.hands.by_fast.losses import LOSSES
from byhand.hands.by_fast.network import MADE, FastNetwork
from byhand.models.layers import Dropout, Flatten, Layer, Linear, ReLU, Select, Sigmoid, Standardize, Tanh
from byhand.models.spec import Spec
from byhand.rng import generator

STEP = 1e-5
DOUBLE = np.dtype(np.float64)


def slope(function: Callable[[], float], x: np.ndarray) -> np.ndarray:
    """Central differences of a number to the entries of x, which the function reads."""
    found = np.empty_like(x)
    for place in np.ndindex(x.shape):
        kept = x[place]
        x[place] = kept + STEP
        above = function()
        x[place] = kept - STEP
        below = function()
        x[place] = kept
        found[place] = (above - below) / (2 * STEP)
    return found


def close(ours: np.ndarray, numeric: np.ndarray) -> None:
    assert ours.shape == numeric.shape
    assert np.abs(numeric).max() > 1e-3
    assert np.abs(ours - numeric).max() / np.abs(numeric).max() < 1e-6


@pytest.mark.parametrize(
    ("about", "shape"),
    [
        (Standardize(0.3, 0.4), (3, 4)),
        (Flatten(), (3, 2, 2)),
        (Select((4, 0, 2)), (5,)),
        (Linear(4), (5,)),
        (ReLU(), (6,)),
        (Sigmoid(), (6,)),
        (Tanh(), (6,)),
        (Tanh(), (2, 3)),
        (Dropout(0.4), (7,)),
        (Dropout(0.0), (7,)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("B", [1, 3])
def test_backward(about: Layer, shape: tuple[int, ...], B: int) -> None:
    """dx and the parameters' gradients of ``sum(y dy)`` for a random dy."""
    rng = np.random.default_rng(1)
    values = [rng.normal(size=parameter.shape) for parameter in about.parameters(shape)]
    gradients = [np.full_like(value, np.nan) for value in values]
    layer = MADE[type(about)](about, shape, DOUBLE, values, gradients)
    x = rng.normal(size=(B, *shape)) * (100 if isinstance(about, Standardize) else 1)
    dy = rng.normal(size=(B, *about.output_shape(shape)))

    def total() -> float:
        y = layer.forward(x.copy(), Mode(training=True, rng=generator(0, "dropout")))
        assert y.shape == dy.shape
        return float(np.sum(y * dy))

    numeric_x = slope(total, x)
    numeric = [slope(total, value) for value in values]
    total()
    dx: Any = layer.backward(dy.copy())
    if isinstance(about, Standardize):
        # Its slopes are 1 / (255 std) = 0.0098.
        assert np.abs(dx - numeric_x).max() / np.abs(numeric_x).max() < 1e-6
    else:
        close(dx, numeric_x)
    for ours, theirs in zip(gradients, numeric, strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_losses_to_their_logits(loss: str, smoothing: float) -> None:
    rng = np.random.default_rng(2)
    z, labels = rng.normal(0, 3, (4, 6)), np.array([5, 0, 3, 3])
    numeric = slope(lambda: LOSSES[loss](z.copy(), labels, smoothing)[0], z)
    _, dz = LOSSES[loss](z.copy(), labels, smoothing)
    close(dz, numeric)


@pytest.mark.parametrize("activation", [ReLU(), Sigmoid(), Tanh()], ids=lambda layer: layer.kind)
@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_whole_networks(activation: Layer, loss: str, smoothing: float) -> None:
    layers = (Standardize(), Flatten(), Select((1, 4, 5, 10)), Linear(5), activation, Dropout(0.3))
    spec = Spec((*layers, Linear(4), activation, Linear(3)), input_shape=(3, 4), loss=loss, smoothing=smoothing)
    network = FastNetwork(spec, seed=4, dtype="float64")
    rng = np.random.default_rng(3)
    # Starting at zero, the biases would put a rectifier on its kink.
    network.theta += rng.normal(0, 0.3, network.theta.size)
    images, labels = rng.integers(0, 256, (6, 3, 4), dtype=np.uint8), rng.integers(0, 3, 6)

    def mean() -> float:
        return network.loss_and_gradient(images, labels, generator(0, "dropout"))

    numeric = slope(mean, network.theta)
    mean()
    close(network.gradient, numeric)


def test_a_layer_may_not_write_where_it_may_not() -> None:
    """Whatever is stacked on what, the value a backward pass needs is still there."""
    stacks: list[tuple[Layer, ...]] = [
        (Tanh(), ReLU()),
        (ReLU(), Dropout(0.5), Tanh()),
        (Sigmoid(), Dropout(0.0), ReLU()),
        (Tanh(), Flatten(), Sigmoid()),
        (Dropout(0.5), ReLU(), Sigmoid()),
        (Linear(4), Sigmoid(), Select((0, 2)), Tanh(), ReLU()),
        (Standardize(0.1, 0.01), Tanh()),
    ]
    rng = np.random.default_rng(3)
    images, labels = rng.integers(0, 256, (6, 3, 4), dtype=np.uint8), rng.integers(0, 2, 6)
    for stack in stacks:
        network = FastNetwork(
            Spec((Standardize(), Flatten(), Linear(4), *stack, Linear(2)), input_shape=(3, 4)), dtype="float64"
        )
        network.theta += rng.normal(0, 0.3, network.theta.size)
        numeric = slope(lambda: network.loss_and_gradient(images, labels, generator(0, "d")), network.theta)  # noqa: B023
        network.loss_and_gradient(images, labels, generator(0, "d"))
        close(network.gradient, numeric)


def test_rooms_are_kept_and_grow() -> None:
    layer = MADE[Linear](Linear(4), (5,), DOUBLE, [np.zeros((5, 4)), np.zeros(4)], [np.zeros((5, 4)), np.zeros(4)])
    first = layer.room("y", (6, 4))
    assert np.shares_memory(first, layer.room("y", (6, 4)))
    smaller = layer.room("y", (2, 4))
    assert np.shares_memory(first, smaller)
    assert smaller.flags.c_contiguous
    assert layer.room("y", (7, 4)).shape == (7, 4)
    assert not np.shares_memory(layer.room("y", (7, 4)), layer.room("dx", (7, 4)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_work_arrays_change_no_bit(dtype: str) -> None:
    """What is computed in rooms is, to the bit, what the equations give in new arrays, also in a smaller batch."""
    kind, rng = np.dtype(dtype), np.random.default_rng(0)
    layers = {about: MADE[type(about)](about, (5, 3), kind) for about in (Sigmoid(), Tanh(), Dropout(0.3))}
    for B in (4, 2):
        x, dy = (rng.normal(size=(B, 5, 3)).astype(kind) for _ in range(2))
        made = {about: layer.forward(x, Mode(True, generator(1, "d"))).copy() for about, layer in layers.items()}
        found = {about: layer.backward(dy.copy()) for about, layer in layers.items()}
        mask = dropout_mask(generator(1, "d"), x.shape, 0.3) * kind.type(1 / (1 - 0.3))
        sigmoid, tanh, dropout = layers
        assert np.array_equal(made[dropout], x * mask)
        assert np.array_equal(found[dropout], dy * mask)
        assert np.array_equal(found[sigmoid], dy * made[sigmoid] * (1 - made[sigmoid]))
        assert np.array_equal(found[tanh], dy * (1 - made[tanh] * made[tanh]))
        assert {gradient.dtype for gradient in found.values()} == {kind}
