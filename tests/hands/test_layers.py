"""The layers of the textbook hand: worked by hand, against autograd, and against SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate2d

from byhand.hands import HANDS, build
from byhand.hands.base import READING, Mode
from byhand.hands.by_numpy import network as _registers_all_layers  # noqa: F401
from byhand.hands.by_numpy.layer import implements
from byhand.models.layers import (
    GATES,
    GELU,
    Attention,
    BatchNorm1d,
    BatchNorm2d,
    Bidirectional,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2d,
    Patches,
    Positions,
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

torch = pytest.importorskip("torch")

TRAINING = Mode(training=True)


def textbook(settings: Layer) -> Any:
    return implements.find(settings)(settings)


def drawn(settings: Layer, shape: tuple[int, ...]) -> list[Any]:
    """Random parameters, and the state as it starts."""
    rng = np.random.default_rng(1)
    state = [np.full(kept.shape, *(kept.start or ())) for kept in settings.state(shape)]
    return [rng.normal(0, 0.7, parameter.shape) for parameter in settings.parameters(shape)] + state


LAYERS: list[tuple[Layer, tuple[int, ...]]] = [
    (Standardize(0.3, 0.4), (3, 4)),
    (Flatten(), (3, 2, 2)),
    (Select((4, 0, 2)), (5,)),
    (Linear(4), (5,)),
    (ReLU(), (6,)),
    (Sigmoid(), (2, 3)),
    (Tanh(), (6,)),
    (Dropout(0.4), (7,)),
    (Dropout(0.0), (7,)),
    *(
        (Conv2d(2, k, s, p), (9, 8, 3))
        for k, s, p in [(1, 1, 0), (3, 1, 1), (5, 1, 2), (3, 2, 1), (2, 3, 0), (4, 3, 5)]
    ),
    (Conv2d(2, 3), (6, 7)),
    *((MaxPool2d(size), (7, 11, 3)) for size in (1, 2, 3, 5)),
    (MaxPool2d(2), (4, 5)),
    (BatchNorm2d(), (4, 3, 2)),
    (BatchNorm2d(), (4, 3)),
    *((Recurrent(cell, 3, every=every), (5, 4)) for cell in GATES for every in (False, True)),
    (Linear(4), (3, 5)),
    (GELU(), (2, 3)),
    (BatchNorm1d(), (5,)),
    (BatchNorm1d(), (3, 5)),
    (LayerNorm(), (5,)),
    (LayerNorm(epsilon=0.1), (3, 5)),
    (GlobalAveragePool(), (3, 5)),
    (GlobalAveragePool(), (3, 5, 2)),
    (Patches(2), (4, 6)),
    (Patches(3), (3, 6, 2)),
    (Positions(), (4, 3)),
    (Attention(), (4, 3)),
    (Attention(2), (5, 6)),
    *((Bidirectional((Recurrent(cell, 3, every=every),)), (5, 4)) for cell in GATES for every in (False, True)),
    (Bidirectional((Recurrent("lstm", 3, every=True), Dropout(0.3), Recurrent("gru", 2))), (5, 4)),
    (Residual((Linear(5), Tanh(), Dropout(0.4))), (5,)),
    (Residual((Conv2d(2, 3, padding=1), BatchNorm2d(), Sigmoid(), Conv2d(3, 1), BatchNorm2d())), (4, 3, 3)),
    (Residual((LayerNorm(), Residual((Attention(3), Residual((Linear(6), GELU())))), BatchNorm1d())), (4, 6)),
]


@pytest.mark.parametrize(("settings", "shape"), LAYERS, ids=lambda value: f"{value}")
@pytest.mark.parametrize("B", [1, 3])
def test_every_backward_pass_is_autograd_s(settings: Layer, shape: tuple[int, ...], B: int) -> None:
    from byhand.hands.by_tensor import network as _  # noqa: F401
    from byhand.hands.by_tensor.layer import implements as by_tensor

    rng = np.random.default_rng(0)
    # Small whole numbers: many are equal, so that a maximum has to choose among them as the library does.
    x = rng.integers(-2, 3, (B, *shape)).astype(float)
    ours, learned = drawn(settings, shape), len(settings.parameters(shape))
    theirs = [torch.tensor(value, requires_grad=i < learned) for i, value in enumerate(ours)]
    x_theirs = torch.tensor(x, requires_grad=True)
    layer = textbook(settings)
    y, cache = layer.forward(x, tuple(ours), Mode(True, generator(0, "d")))
    dy = rng.normal(size=y.shape)
    dx, gradients = layer.backward(dy, cache)
    y_theirs = by_tensor.find(settings)(settings, x_theirs, tuple(theirs), Mode(True, generator(0, "d")))
    wanted = torch.autograd.grad((y_theirs * torch.tensor(dy)).sum(), [x_theirs, *theirs[:learned]])
    np.testing.assert_allclose(y, y_theirs.detach().numpy(), rtol=1e-10, atol=1e-12)
    for found, want in zip((dx, *gradients), wanted, strict=True):
        np.testing.assert_allclose(found, want.numpy(), rtol=1e-9, atol=1e-11)
    for found, want in zip(ours[learned:], theirs[learned:], strict=True):
        np.testing.assert_allclose(found, want.numpy(), rtol=1e-12)
    # The output and the input's gradient have the dtype of the input.
    single = [value.astype(np.float32) for value in ours]
    y, cache = layer.forward(x.astype(np.float32), tuple(single), Mode(True, generator(0, "d")))
    dx, gradients = layer.backward(dy.astype(np.float32), cache)
    assert {array.dtype.name for array in (y, dx, *gradients)} == {"float32"}


def test_a_convolution_worked_by_hand() -> None:
    # x = 1 2 3     W = 1 0     y[0, 0] = 1*1 + 2*0 + 4*0 + 5*(-1) = -4, and so at the other three positions,
    #     4 5 6         0 -1    because every value is 4 less than the one lower and to the right; with b = 10: 6.
    #     7 8 9
    layer, W, b = textbook(Conv2d(1, 2)), np.zeros((2, 2, 1, 1)), np.array([10.0])
    W[..., 0, 0] = [[1, 0], [0, -1]]
    y, cache = layer.forward(np.arange(1.0, 10.0).reshape(1, 3, 3, 1), (W, b), TRAINING)
    assert y[0, ..., 0].tolist() == [[6, 6], [6, 6]]
    # dy = 1 0    dW[i, j] = x[i, j] + 2 x[i + 1, j + 1] :  1 + 2*5 = 11    2 + 2*6 = 14    4 + 2*8 = 20    5 + 2*9 = 23
    #      0 2    dx = W laid at (0, 0), and twice W laid at (1, 1):  1, then -1 + 2*1 = 1 in the middle, then -2
    dx, (dW, db) = layer.backward(np.array([[1.0, 0], [0, 2]]).reshape(1, 2, 2, 1), cache)
    assert dW[..., 0, 0].tolist() == [[11, 14], [20, 23]]
    assert db.tolist() == [3]
    assert dx[0, ..., 0].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, -2]]


def test_pooling_worked_by_hand() -> None:
    # Blocks 1 3 / 2 0 and 5 5 / 5 5; the last column and row are in none. Of equal fives the first takes the gradient.
    x = np.array([[1.0, 3, 5, 5, 9], [2, 0, 5, 5, 9], [9, 9, 9, 9, 9]]).reshape(1, 3, 5, 1)
    y, cache = textbook(MaxPool2d(2)).forward(x, (), TRAINING)
    assert y[0, ..., 0].tolist() == [[3, 5]]
    dx, _ = textbook(MaxPool2d(2)).backward(np.array([7.0, 8]).reshape(1, 1, 2, 1), cache)
    assert dx[0, ..., 0].tolist() == [[0, 7, 8, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]


def test_batch_normalization_worked_by_hand() -> None:
    # One channel, values 1 and 3: mean 2, variance 1, so u = -1, 1 and y = 10 u + 5 = -5, 15.
    layer = textbook(BatchNorm2d(momentum=0.1, epsilon=0.0))
    gamma, beta, mean, var = (np.array([value]) for value in (10.0, 5.0, 0.0, 1.0))
    x = np.array([1.0, 3]).reshape(2, 1, 1, 1)
    y, cache = layer.forward(x, (gamma, beta, mean, var), TRAINING)
    assert y.ravel().tolist() == [-5, 15]
    # Running averages: 0.9 * 0 + 0.1 * 2 = 0.2, and 0.9 * 1 + 0.1 * 2 = 1.1 with the unbiased variance 2.
    assert [mean[0], var[0]] == pytest.approx([0.2, 1.1])
    # Two values are all shift and stretch: no gradient is left for x; dgamma = -1*1 + 1*4 = 3, dbeta = 5.
    dx, (dgamma, dbeta) = layer.backward(np.array([1.0, 4]).reshape(2, 1, 1, 1), cache)
    assert dx.ravel() == pytest.approx([0, 0])
    assert [dgamma[0], dbeta[0]] == [3, 5]
    # When reading: 10 (x - 0.2) / sqrt(1.1) + 5, and the averages stay.
    assert layer.forward(x, (gamma, beta, mean, var), READING)[0][0].item() == pytest.approx(10 * 0.8 / 1.1**0.5 + 5)
    assert mean[0] == pytest.approx(0.2)


@pytest.mark.parametrize("settings", [BatchNorm1d(), Residual((BatchNorm1d(),))])
def test_when_reading_the_running_averages_are_constants(settings: Layer) -> None:
    rng = np.random.default_rng(0)
    x, (gamma, beta) = rng.normal(size=(3, 4)), drawn(BatchNorm1d(), (4,))[:2]
    mean, var = rng.normal(size=4), rng.uniform(0.5, 2, 4)
    layer = textbook(settings)
    _, cache = layer.forward(x, (gamma, beta, mean, var), READING)
    dy = rng.normal(size=x.shape)
    dx, _ = layer.backward(dy, cache)
    through = dy * gamma / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(dx, through + (dy if isinstance(settings, Residual) else 0), rtol=1e-12)


@pytest.mark.parametrize("padding", [0, 2])
def test_convolution_is_scipy_s_correlation(padding: int) -> None:
    W, b = drawn(Conv2d(3, 4), (9, 7, 2))
    x = np.random.default_rng(0).normal(size=(2, 9, 7, 2))
    y, _ = textbook(Conv2d(3, 4, padding=padding)).forward(x, (W, b), READING)
    framed = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    for n, o in np.ndindex(2, 3):
        wanted = sum(correlate2d(framed[n, ..., c], W[..., c, o], mode="valid") for c in range(2)) + b[o]
        np.testing.assert_allclose(y[n, ..., o], wanted, rtol=1e-12, atol=1e-12)


# --- Recurrences, worked by hand in every hand ------------------------------------------------------------------------


def sigma(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def one_unit(hand: str, cell: str, pixels: list[int], *values: Any) -> Any:
    """One unit whose state is the logit; a pixel enters as its grey level less one."""
    layers = (Standardize(1 / 255, 1 / 255), Recurrent(cell, 1))
    network = build(Spec(layers, input_shape=(len(pixels), 1), loss="sigmoid"), hand, dtype="float64")
    names = (parameter.name for parameter in network.spec.parameters)
    network.load({name: np.array(value, float) for name, value in zip(names, values, strict=True)})
    return network, np.array(pixels, np.uint8).reshape(1, -1, 1)


@pytest.mark.parametrize("hand", HANDS)
def test_elman_worked_by_hand(hand: str) -> None:
    # Inputs 1 and -1, W_xh = 0.5, W_hh = 2, b_h = 0.25:
    #   h_1 = tanh( 0.5 + 0      + 0.25) = tanh(0.75)      = 0.635149
    #   h_2 = tanh(-0.5 + 2 h_1  + 0.25) = tanh(1.020298) = 0.769988
    network, images = one_unit(hand, "elman", [2, 0], [[0.5]], [[2.0]], [0.25])
    assert network.logits(images).item() == pytest.approx(0.769988, abs=1e-6)


@pytest.mark.parametrize("hand", HANDS)
def test_lstm_worked_by_hand(hand: str) -> None:
    # Inputs 1 and -1; the input weighs 1 in i, 0 in f, 0 in o, 2 in g; the state weighs 1 in o alone; the two biases of
    # f are 1 and 2:
    #   i_1 = sigma(1), f_1 = sigma(3), o_1 = sigma(0), g_1 = tanh(2)      c_1 = i_1 g_1, h_1 = o_1 tanh(c_1)
    #   i_2 = sigma(-1), f_2 = sigma(3), o_2 = sigma(h_1), g_2 = tanh(-2)  c_2 = f_2 c_1 + i_2 g_2
    weights = [[1.0, 0, 0, 2]], [[0.0, 0, 1, 0]], [0.0, 1, 0, 0], [0.0, 2, 0, 0]
    c_1 = sigma(1) * math.tanh(2)
    h_1 = 0.5 * math.tanh(c_1)
    c_2 = sigma(3) * c_1 + sigma(-1) * math.tanh(-2)
    network, images = one_unit(hand, "lstm", [2, 0], *weights)
    assert network.logits(images).item() == pytest.approx(sigma(h_1) * math.tanh(c_2), rel=1e-12)
    # Backwards after the first step alone, with s = tanh(c_1) and L = log(1 + exp(h)) - h, so dh = sigma(h) - 1:
    #   do = dh s, dc = dh o (1 - s^2), di = dc g, dg = dc i, and df = dc c_0 = 0
    #   da = (di i (1 - i), 0, do o (1 - o), dg (1 - g^2)), which is db_xh, db_hh, and dW_xh for the input 1
    network, images = one_unit(hand, "lstm", [2], *weights)
    i, g, s, dh = sigma(1), math.tanh(2), math.tanh(c_1), sigma(h_1) - 1
    dc = dh * 0.5 * (1 - s**2)
    da = [dc * g * i * (1 - i), 0, dh * s / 4, dc * i * (1 - g**2)]
    assert network.loss_and_gradient(images, np.array([0])) == pytest.approx(math.log(1 + math.exp(h_1)) - h_1)
    gradients = network.gradients()
    for name in ("b_xh", "b_hh", "W_xh"):
        assert gradients[name].ravel() == pytest.approx(da, rel=1e-10)
    assert not gradients["W_hh"].any()


@pytest.mark.parametrize("hand", HANDS)
def test_gru_worked_by_hand(hand: str) -> None:
    # Inputs 1 and -1; the input weighs 0 in r and z and 1 in n, the state 1 in n; b_hh of n is 3:
    #   r = z = 1/2    n_1 = tanh(1 + 3/2)             h_1 = n_1 / 2
    #                  n_2 = tanh(-1 + (h_1 + 3) / 2)  h_2 = n_2 / 2 + h_1 / 2
    h_1 = math.tanh(2.5) / 2
    network, images = one_unit(hand, "gru", [2, 0], [[0.0, 0, 1]], [[0.0, 0, 1]], [0.0, 0, 0], [0.0, 0, 3])
    assert network.logits(images).item() == pytest.approx((math.tanh(-1 + (h_1 + 3) / 2) + h_1) / 2, rel=1e-12)


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("scale", [1, 100])
def test_float32_stays_finite_where_gates_saturate(hand: str, cell: str, scale: float) -> None:
    layers = (Standardize(), Recurrent(cell, 9, every=True), Recurrent(cell, 9), Linear(10))
    network = build(Spec(layers, input_shape=(50, 6), init="torch"), hand)
    network.load({name: value * scale for name, value in network.parameters().items()})
    assert math.isfinite(network.loss_and_gradient(np.full((4, 50, 6), 255, np.uint8), np.arange(4)))
    assert all(np.isfinite(part).all() for part in network.gradients().values())


def test_the_library_s_second_bias_of_an_elman_network_stays_zero() -> None:
    network: Any = build(Spec((Standardize(), Recurrent("elman", 4), Linear(10))), "torch")
    optimizer = torch.optim.SGD(network.module.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        network.loss_and_gradient(np.full((5, 28, 28), 9, np.uint8), np.arange(5))
        optimizer.step()
    bias = network.module.Recurrent.rnn.bias_hh_l0
    assert not bias.requires_grad
    assert not bias.any()
    assert all(bias is not tensor for tensor in network.named_tensors().values())
