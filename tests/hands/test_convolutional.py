"""Convolution, pooling and batch normalisation: worked by hand, by an independent oracle, and in three hands."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from byhand.hands.by_fast.normalisation import BatchNorm2d as NumpyBatchNorm2d
from scipy.signal import correlate2d

from byhand.errors import ByhandError
from byhand.hands import build
from byhand.hands.base import Network
from byhand.hands.by_fast.convolution import Conv2d as NumpyConv2d
from byhand.hands.by_fast.convolution import batch_first, batch_last
from byhand.hands.by_fast.layer import READING, Mode
from byhand.hands.by_fast.network import FastNetwork
from byhand.hands.by_fast.pooling import MaxPool2d as NumpyMaxPool2d
from byhand.models.layers import (
    BatchNorm2d,
    Conv2d,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    Parameter,
    ReLU,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec

torch = pytest.importorskip("torch")

TRAINING = Mode(training=True)

CONV5X5 = (
    Conv2d(16, 5, padding=2),
    ReLU(),
    MaxPool2d(),
    Conv2d(36, 5, padding=2),
    ReLU(),
    MaxPool2d(),
    Flatten(),
    Linear(128),
    ReLU(),
    Linear(10),
)
TINY_CNN = (
    Conv2d(4, 3),
    ReLU(),
    Conv2d(8, 3),
    MaxPool2d(),
    Conv2d(16, 3),
    ReLU(),
    Conv2d(32, 3),
    ReLU(),
    MaxPool2d(),
    Flatten(),
    Linear(20),
    ReLU(),
    Linear(10),
)
NORMED = (
    Conv2d(5, 3, padding=1),
    BatchNorm2d(),
    ReLU(),
    MaxPool2d(3),
    Conv2d(6, 3),
    BatchNorm2d(momentum=0.3, epsilon=1e-3),
    Flatten(),
    Linear(10),
)


def spec_of(*layers: Layer, input_shape: tuple[int, ...] = (28, 28)) -> Spec:
    return Spec((Standardize(), *layers), input_shape=input_shape)


def digits(B: int, shape: tuple[int, ...] = (28, 28), seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (B, *shape), dtype=np.uint8), rng.integers(0, 10, B)


def one_layer(made: Callable[..., Any], about: Layer, shape: tuple[int, ...], *, dtype: str = "float64") -> Any:
    """A layer of the numpy hand by itself, with random parameters."""
    rng = np.random.default_rng(1)

    def drawn(parameters: tuple[Parameter, ...]) -> list[Any]:
        return [rng.normal(size=parameter.shape).astype(dtype) for parameter in parameters]

    learnt, kept = about.parameters(shape), about.state(shape)
    state = [np.broadcast_to(s.start, s.shape).astype(dtype) for s in kept]
    return made(about, shape, np.dtype(dtype), values=drawn(learnt), gradients=drawn(learnt), state=state)


# --- Worked by hand -------------------------------------------------------------------------------------------------


def test_a_convolution_worked_by_hand() -> None:
    # x = 1 2 3     W = 1 0     y[0, 0] = 1*1 + 2*0 + 4*0 + 5*(-1) = -4, and so at the other three places,
    #     4 5 6         0 -1    because every value is 4 less than that one lower and to the right; with b = 10: 6.
    #     7 8 9
    layer = one_layer(NumpyConv2d, Conv2d(1, 2), (3, 3, 1))
    W, b = layer.values
    W[..., 0, 0] = [[1, 0], [0, -1]]
    b[:] = 10
    x = np.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    assert layer.forward(x, TRAINING)[0, ..., 0].tolist() == [[6, 6], [6, 6]]
    # dy = 1 0    dW[i, j] = x[i, j] + 2 x[i + 1, j + 1] :  1 + 2*5 = 11    2 + 2*6 = 14    4 + 2*8 = 20    5 + 2*9 = 23
    #      0 2    dx = W laid at (0, 0), and twice W laid at (1, 1):  1, then -1 + 2*1 = 1 in the middle, then -2
    dx = layer.backward(np.array([[1.0, 0], [0, 2]]).reshape(1, 2, 2, 1))
    dW, db = layer.gradients
    assert dW[..., 0, 0].tolist() == [[11, 14], [20, 23]]
    assert db.tolist() == [3]
    assert dx[0, ..., 0].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, -2]]


def test_pooling_worked_by_hand() -> None:
    # Blocks 1 3 / 2 0 and 5 5 / 5 5; the last column and row are a rest. Of equal fives the first takes the gradient.
    x = np.array([[1.0, 3, 5, 5, 9], [2, 0, 5, 5, 9], [9, 9, 9, 9, 9]]).reshape(1, 3, 5, 1)
    layer = one_layer(NumpyMaxPool2d, MaxPool2d(2), (3, 5, 1))
    assert layer.forward(x, TRAINING)[0, ..., 0].tolist() == [[3, 5]]
    dx = layer.backward(np.array([7.0, 8]).reshape(1, 1, 2, 1))
    assert dx[0, ..., 0].tolist() == [[0, 7, 8, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]


def test_batch_normalisation_worked_by_hand() -> None:
    # One channel, values 1 and 3: mean 2, variance 1, so u = -1, 1 and y = 10 u + 5 = -5, 15.
    layer = one_layer(NumpyBatchNorm2d, BatchNorm2d(momentum=0.1, epsilon=0.0), (1, 1, 1))
    gamma, beta = layer.values
    gamma[:], beta[:] = 10, 5
    x = np.array([1.0, 3]).reshape(2, 1, 1, 1)
    assert layer.forward(x, TRAINING).ravel().tolist() == [-5, 15]
    # Running averages: 0.9 * 0 + 0.1 * 2 = 0.2, and 0.9 * 1 + 0.1 * 2 = 1.1 with the unbiased variance 2.
    assert layer.state[0] == pytest.approx(0.2)
    assert layer.state[1] == pytest.approx(1.1)
    # Two values are all shift and stretch: no gradient is left for x; dgamma = -1*1 + 1*4 = 3, dbeta = 5.
    assert layer.backward(np.array([1.0, 4]).reshape(2, 1, 1, 1)).ravel() == pytest.approx([0, 0])
    assert [layer.gradients[0][0], layer.gradients[1][0]] == [3, 5]


# --- Independent oracles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", [0, 2])
def test_convolution_is_scipys_correlation(padding: int) -> None:
    layer = one_layer(NumpyConv2d, Conv2d(3, 4, padding=padding), (9, 7, 2))
    x = np.random.default_rng(0).normal(size=(5, 9, 7, 2))
    y = layer.forward(x, READING)
    W, b = layer.values
    framed = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    for n in range(5):
        for o in range(3):
            wanted = sum(correlate2d(framed[n, ..., c], W[..., c, o], mode="valid") for c in range(2)) + b[o]
            np.testing.assert_allclose(y[n, ..., o], wanted, rtol=1e-12, atol=1e-12)


def plain(x: Any, W: Any, b: Any, dy: Any, s: int, p: int) -> tuple[Any, Any, Any, Any]:
    """Convolution and its gradients as the equations at the head of the file say them, place by place."""
    k = len(W)
    X = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    y, dW, dX = np.empty_like(dy), np.zeros_like(W), np.zeros_like(X)
    for h in range(dy.shape[1]):
        for w in range(dy.shape[2]):
            window = slice(None), slice(s * h, s * h + k), slice(s * w, s * w + k)
            y[:, h, w] = np.tensordot(X[window], W, 3) + b
            dW += np.tensordot(X[window], dy[:, h, w], ((0,), (0,)))
            dX[window] += np.tensordot(dy[:, h, w], W, ((1,), (3,)))
    inside = slice(p, p + x.shape[1]), slice(p, p + x.shape[2])
    return y, dW, dy.sum((0, 1, 2)), dX[:, *inside]


@pytest.mark.parametrize("B", [1, 3, 70])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(1, 1, 0), (2, 1, 0), (3, 1, 1), (5, 1, 2), (3, 1, 4), (1, 2, 0), (3, 2, 1), (2, 3, 0), (4, 3, 5), (5, 2, 2)],
)
@pytest.mark.parametrize(("C", "O"), [(1, 4), (3, 2), (30, 3)])
def test_the_fast_convolution_is_the_plain_one(
    kernel: int,
    stride: int,
    padding: int,
    C: int,
    O: int,  # noqa: E741
    B: int,
) -> None:
    layer = one_layer(NumpyConv2d, Conv2d(O, kernel, stride, padding), (9, 8, C))
    rng = np.random.default_rng(kernel + stride)
    x = rng.normal(size=(B, 9, 8, C))
    y = layer.forward(x, TRAINING)
    dy = rng.normal(size=y.shape)
    wanted = plain(x, *layer.values, dy, stride, padding)
    dx = layer.backward(dy)
    for got, want in zip((y, *layer.gradients, dx), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("memory", ["batch first", "batch last"])
def test_pooling_chooses_among_equals_as_the_library_does(size: int, memory: str) -> None:
    rng = np.random.default_rng(size)
    x = rng.integers(0, 3, (4, 11, 13, 3)).astype(np.float64)
    layer = one_layer(NumpyMaxPool2d, MaxPool2d(size), (11, 13, 3))
    if memory == "batch last":
        x = batch_first(np.ascontiguousarray(batch_last(x)))
    theirs = torch.from_numpy(x.copy()).permute(0, 3, 1, 2).requires_grad_()
    pooled = torch.nn.functional.max_pool2d(theirs, size)
    y = layer.forward(x, TRAINING)
    assert np.array_equal(y, pooled.detach().permute(0, 2, 3, 1).numpy())
    dy = rng.normal(size=y.shape)
    pooled.backward(torch.from_numpy(dy).permute(0, 3, 1, 2))
    assert np.array_equal(layer.backward(dy.copy()), theirs.grad.permute(0, 2, 3, 1).numpy())


def test_a_block_may_be_larger_than_a_byte_can_count() -> None:
    x = np.zeros((1, 20, 20, 1))
    x[0, 19, 18] = 1
    layer = one_layer(NumpyMaxPool2d, MaxPool2d(20), (20, 20, 1))
    assert layer.forward(x, TRAINING).item() == 1
    dx = layer.backward(np.full((1, 1, 1, 1), 2.0))
    assert dx[0, 19, 18] == 2
    assert dx.sum() == 2


# --- Central differences --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "about"),
    [
        (NumpyConv2d, Conv2d(3, 3, padding=1)),
        (NumpyConv2d, Conv2d(2, 3, stride=2, padding=2)),
        (NumpyMaxPool2d, MaxPool2d(2)),
        (NumpyBatchNorm2d, BatchNorm2d()),
    ],
    ids=lambda value: value.title() if isinstance(value, Layer) else "",
)
def test_backward_is_the_derivative_of_forward(made: Callable[..., Any], about: Layer) -> None:
    layer = one_layer(made, about, (5, 6, 2))
    rng = np.random.default_rng(3)
    # A tenth between any two values: no maximum changes within the difference.
    x = rng.permutation(3 * 5 * 6 * 2).reshape(3, 5, 6, 2) * 0.1
    dy = rng.normal(size=layer.forward(x, TRAINING).shape)

    def loss() -> float:
        return float((layer.forward(x, TRAINING) * dy).sum())

    dx = np.array(layer.backward(dy.copy()))
    for values, gradient in [(x, dx), *zip(layer.values, [g.copy() for g in layer.gradients], strict=True)]:
        flat, difference = values.reshape(-1), np.empty(values.size)
        for i in range(values.size):
            kept = flat[i]
            flat[i] = kept + 1e-5
            above = loss()
            flat[i] = kept - 1e-5
            difference[i] = (above - loss()) / 2e-5
            flat[i] = kept
        np.testing.assert_allclose(gradient.reshape(-1), difference, rtol=1e-6, atol=1e-6)


# --- Three hands ----------------------------------------------------------------------------------------------------


def assert_close(a: Any, b: Any, scale: float | None = None) -> None:
    """Equal within 1e-10 of the largest value, or of `scale` where that may be zero but for rounding."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.size == b.size
    most = np.abs(a).max() if scale is None else scale
    assert np.abs(a.reshape(-1) - b.reshape(-1)).max() <= 1e-10 * most


def assert_same(one: Network, other: Network, images: Any, labels: Any) -> None:
    assert one.loss_and_gradient(images, labels) == pytest.approx(other.loss_and_gradient(images, labels), rel=1e-10)
    ours, theirs = one.gradients(), other.gradients()
    assert ours.keys() == theirs.keys()
    # The bias under a batch normalisation has no gradient at all.
    scale = max(float(np.abs(gradient).max()) for gradient in ours.values())
    for name in ours:
        assert ours[name].shape == theirs[name].shape
        assert_close(ours[name], theirs[name], scale)
    for name in one.state():
        assert_close(one.state()[name], other.state()[name])
    seen = other.activations(images)
    for name, values in one.activations(images).items():
        assert_close(values, seen[name])
    assert_close(one.logits(images), other.logits(images))


NETWORKS = {
    "conv5x5": spec_of(*CONV5X5),
    "tiny-cnn": spec_of(*TINY_CNN),
    "normed": spec_of(*NORMED),
    "pictures pooled and normed": spec_of(MaxPool2d(3), BatchNorm2d(), Conv2d(2, 3, 2), Flatten(), Linear(10)),
    "pictures normed": spec_of(BatchNorm2d(), ReLU(), Conv2d(3, 5, 3, 1), ReLU(), Flatten(), Linear(10)),
    "strides and rests": spec_of(
        Conv2d(4, 4, 3, 2), ReLU(), Conv2d(3, 2, 2, 3), MaxPool2d(3), Flatten(), Linear(10), input_shape=(28, 23)
    ),
}


@pytest.mark.parametrize("other", ["tensor", "torch"])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_hands_are_one_function(network: str, other: str) -> None:
    spec = NETWORKS[network]
    numpy_hand = build(spec, "numpy", dtype="float64")
    other_hand = build(spec, other, dtype="float64")
    # A full batch, then a smaller one in the same rooms, then a single picture where its variance needs no second.
    for B in (12, 5, 12) if spec.state else (12, 5, 1):
        assert_same(numpy_hand, other_hand, *digits(B, spec.input_shape, seed=B))


def test_pooling_goes_before_the_relu_and_changes_nothing() -> None:
    spec = spec_of(
        Conv2d(3, 3), ReLU(), MaxPool2d(), ReLU(), Conv2d(2, 3), ReLU(), MaxPool2d(3), Tanh(), Flatten(), Linear(10)
    )
    swapped, plain = build(spec, dtype="float64"), build(spec, dtype="float64")
    assert isinstance(swapped, FastNetwork)
    assert isinstance(plain, FastNetwork)
    for layer in plain.layers:
        layer.may_overwrite = False
    plain._teams = [(plain.layers, plain.gradient), *plain._teams[1:]]
    kinds = [layer.about.kind for layer in swapped._teams[0][0]]
    assert kinds[2:5] == ["MaxPool2d", "ReLU", "ReLU"]
    assert kinds[6:8] == ["MaxPool2d", "ReLU"]
    images, labels = digits(7)
    assert swapped.loss_and_gradient(images, labels) == plain.loss_and_gradient(images, labels)
    assert np.array_equal(swapped.gradient, plain.gradient)
    assert np.array_equal(swapped.logits(images), plain.logits(images))
    # Whoever looks inside sees the layers as the spec has them.
    seen = swapped.activations(images)
    for name, values in plain.activations(images).items():
        assert np.array_equal(seen[name], values)


def test_rooms_used_again_change_nothing() -> None:
    spec = NETWORKS["strides and rests"]
    used, fresh = build(spec, dtype="float64"), build(spec, dtype="float64")
    used.loss_and_gradient(*digits(40, (28, 23)))
    used.logits(digits(7, (28, 23))[0])
    images, labels = digits(13, (28, 23), seed=5)
    assert used.loss_and_gradient(images, labels) == fresh.loss_and_gradient(images, labels)
    for name, gradient in fresh.gradients().items():
        assert np.array_equal(used.gradients()[name], gradient)
    assert np.array_equal(used.logits(images), fresh.logits(images))


@pytest.mark.parametrize("B", [1, 31, 32, 67, 128])
def test_parts_of_a_batch_make_the_whole(B: int) -> None:
    images, labels = digits(B)
    divided, whole = (build(NETWORKS["tiny-cnn"], dtype="float64") for _ in range(2))
    assert isinstance(whole, FastNetwork)
    whole._divides = whole._divides_training = False
    for _ in range(2):
        assert divided.loss_and_gradient(images, labels) == pytest.approx(whole.loss_and_gradient(images, labels))
    assert_close(divided.gradient, whole.gradient)
    assert_close(divided.logits(images), whole.logits(images))


def test_a_network_that_must_see_the_batch_whole_does() -> None:
    network = build(NETWORKS["normed"])
    assert isinstance(network, FastNetwork)
    # Only in training: what it reads, it reads with the averages that it keeps.
    assert not network._divides_training
    assert network._divides


def test_threads_change_no_bit_from_run_to_run() -> None:
    images, labels = digits(128)
    seen = []
    for _ in range(2):
        network = build(NETWORKS["conv5x5"])
        for _ in range(2):
            loss = network.loss_and_gradient(images, labels)
        seen.append((loss, network.gradient.tobytes()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("layers", "counts", "size"),
    [
        (CONV5X5, [416, 14_436, 225_920, 1_290], 242_062),
        (TINY_CNN, [40, 296, 1_168, 4_640, 10_260, 210], 16_614),
    ],
)
def test_parameter_counts(layers: tuple[Layer, ...], counts: list[int], size: int) -> None:
    spec = spec_of(*layers)
    assert [sum(p.size for p in learnt) for learnt in spec.layer_parameters if learnt] == counts
    assert spec.size == size


@pytest.mark.parametrize("hand", ["numpy", "tensor", "torch"])
def test_very_large_logits_stay_finite_in_float32(hand: str) -> None:
    network = build(NETWORKS["normed"], hand)
    weights = {name: value.copy() for name, value in network.parameters().items()} | dict(network.state())
    weights["W3"] = weights["W3"] * 1e6
    network.load(weights)
    images, labels = digits(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = network.loss_and_gradient(images, labels)
    assert np.isfinite(loss)
    assert loss > 1e4
    assert all(np.isfinite(gradient).all() for gradient in network.gradients().values())


def test_a_kernel_larger_than_the_map_is_refused() -> None:
    with pytest.raises(ByhandError, match="kernel"):
        spec_of(Conv2d(2, 5), MaxPool2d(7), Conv2d(2, 4), Flatten(), Linear(10))
