"""Elman, LSTM and GRU: derivatives against differences, three hands against each other, and a case worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from byhand.hands import build
from byhand.hands.by_fast import threads
from byhand.hands.by_fast.layer import READING, Mode
from byhand.hands.by_fast.network import FastNetwork
from byhand.hands.by_fast.recurrence import CELLS
from byhand.hands.by_fast.recurrence import Recurrent as NumpyRecurrent
from byhand.models.layers import GATES, Linear, Recurrent, Standardize
from byhand.models.spec import Spec


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Small networks are slowed down by torch's threads, above all where other processes compute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


CELL = pytest.mark.parametrize("cell", GATES)
TRAINING = Mode(training=True)


def recurrent(cell, hidden=7, depth=1, shape=(6, 5), **settings):
    layers = [Recurrent(cell, hidden, every=place < depth - 1) for place in range(depth)]
    return Spec((Standardize(), *layers, Linear(10)), input_shape=shape, init="torch", **settings)


def batch(B, shape=(6, 5), seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (B, *shape)).astype(np.uint8), rng.integers(0, 10, B)


def layer(cell, *, every, D=4, H=3, dtype="float64", seed=0):
    """A layer of the numpy hand alone, with random weights, and its parameters' gradients."""
    about, rng = Recurrent(cell, H, every=every), np.random.default_rng(seed)
    values = [rng.normal(0, 0.7, p.shape).astype(dtype) for p in about.parameters((5, D))]
    gradients = [np.full_like(value, np.nan) for value in values]
    return NumpyRecurrent(about, (5, D), np.dtype(dtype), values, gradients)


def differences(function, x, step=1e-5):
    found = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        kept = x[place]
        x[place] = kept + step
        above = function()
        x[place] = kept - step
        found[place] = (above - function()) / (2 * step)
        x[place] = kept
    return found


@CELL
@pytest.mark.parametrize("every", [False, True])
def test_derivatives_agree_with_central_differences(cell, every):
    made, rng = layer(cell, every=every), np.random.default_rng(1)
    x = rng.normal(size=(2, 5, 4))
    weights = rng.normal(size=(2, 5, 3) if every else (2, 3))

    def loss():
        return float((made.forward(x, READING) * weights).sum())

    made.forward(x, TRAINING)
    dx = made.backward(weights.copy()).copy()
    np.testing.assert_allclose(dx, differences(loss, x), rtol=1e-7, atol=1e-9)
    for parameter, value, gradient in zip(made.about.parameters((5, 4)), made.values, made.gradients, strict=True):
        np.testing.assert_allclose(gradient, differences(loss, value), rtol=1e-7, atol=1e-9, err_msg=parameter.name)


@CELL
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("shape", [(28, 28), (6, 5), (1, 3)])
def test_three_hands_are_one_function(cell, depth, shape):
    images, labels = batch(9, shape)
    spec = recurrent(cell, 7, depth, shape)
    nets = [build(spec, hand, seed=3, dtype="float64") for hand in ("numpy", "tensor", "torch")]
    losses = [net.loss_and_gradient(images, labels) for net in nets]
    ours = nets[0]
    for net, loss in zip(nets[1:], losses[1:], strict=True):
        assert loss == pytest.approx(losses[0], rel=1e-12)
        for what in ("gradients", "parameters"):
            theirs = getattr(net, what)()
            for name, value in getattr(ours, what)().items():
                np.testing.assert_allclose(theirs[name], value, rtol=1e-10, atol=1e-14, err_msg=name)
        np.testing.assert_allclose(net.logits(images), ours.logits(images), rtol=1e-10)
        theirs = net.activations(images)
        for name, value in ours.activations(images).items():
            assert theirs[name].shape == value.shape
            np.testing.assert_allclose(theirs[name], value, rtol=1e-10, atol=1e-14, err_msg=name)


@pytest.mark.parametrize(("cell", "depth", "count"), [("elman", 1, 21_386), ("lstm", 2, 214_282)])
def test_parameter_counts_are_the_field_s(cell, depth, count):
    spec = recurrent(cell, 128, depth, (28, 28))
    assert spec.size == count
    for hand in ("numpy", "tensor", "torch"):
        assert sum(value.size for value in build(spec, hand).parameters().values()) == count


def one_unit(cell, values):
    made = NumpyRecurrent(
        Recurrent(cell, 1), (2, 1), np.dtype(float), [np.array(value, float) for value in values], [None] * len(values)
    )
    return float(made.forward(np.array([[[1.0], [-1.0]]]), READING)[0, 0])


def sigma(a):
    return 1 / (1 + math.exp(-a))


def test_elman_by_hand():
    # One unit, inputs 1 and -1, W_xh = 0.5, W_hh = 2, b_h = 0.25:
    #   h_1 = tanh( 0.5 + 0      + 0.25) = tanh(0.75)      = 0.635149
    #   h_2 = tanh(-0.5 + 2 h_1  + 0.25) = tanh(1.020298) = 0.769988
    h = one_unit("elman", ([[0.5]], [[2.0]], [0.25]))
    assert h == pytest.approx(math.tanh(-0.25 + 2 * math.tanh(0.75)))
    assert h == pytest.approx(0.769988, abs=1e-6)


def test_lstm_by_hand():
    # One unit, inputs 1 and -1, the input weighs 1 in i, 0 in f, 0 in o, 2 in g; the state weighs 1 in o alone;
    # the two biases of f are 1 and 2:
    #   i_1 = sigma(1), f_1 = sigma(3), o_1 = sigma(0), g_1 = tanh(2)      c_1 = i_1 g_1, h_1 = o_1 tanh(c_1)
    #   i_2 = sigma(-1), f_2 = sigma(3), o_2 = sigma(h_1), g_2 = tanh(-2)  c_2 = f_2 c_1 + i_2 g_2
    c_1 = sigma(1) * math.tanh(2)
    h_1 = 0.5 * math.tanh(c_1)
    c_2 = sigma(3) * c_1 + sigma(-1) * math.tanh(-2)
    h_2 = sigma(h_1) * math.tanh(c_2)
    got = one_unit("lstm", ([[1.0, 0, 0, 2]], [[0.0, 0, 1, 0]], [0.0, 1, 0, 0], [0.0, 2, 0, 0]))
    assert got == pytest.approx(h_2, rel=1e-12)


def test_gru_by_hand():
    # One unit, inputs 1 and -1, the input weighs 0 in r and z and 1 in n, the state 1 in n; b_hh of n is 3:
    #   r = z = 1/2    n_1 = tanh(1 + 3/2)             h_1 = n_1 / 2
    #                  n_2 = tanh(-1 + (h_1 + 3) / 2)  h_2 = n_2 / 2 + h_1 / 2
    h_1 = math.tanh(2.5) / 2
    h_2 = (math.tanh(-1 + (h_1 + 3) / 2) + h_1) / 2
    assert one_unit("gru", ([[0.0, 0, 1]], [[0.0, 0, 1]], [0.0, 0, 0], [0.0, 0, 3])) == pytest.approx(h_2, rel=1e-12)


@CELL
@pytest.mark.parametrize("scale", [1, 100])
def test_float32_stays_finite_where_gates_saturate(cell, scale):
    shape = (200, 6)
    images, labels = np.full((4, *shape), 255, np.uint8), np.arange(4)
    for hand in ("numpy", "tensor", "torch"):
        net = build(recurrent(cell, 9, 2, shape), hand)
        net.load({name: value * scale for name, value in net.parameters().items()})
        assert math.isfinite(net.loss_and_gradient(images, labels))
        assert all(np.isfinite(part).all() for part in net.gradients().values())


@CELL
def test_a_smaller_batch_after_a_larger_one(cell):
    spec = recurrent(cell, 7, 2)
    used, fresh = FastNetwork(spec), FastNetwork(spec)
    used.loss_and_gradient(*batch(20))
    used.logits(batch(30)[0])
    assert used.loss_and_gradient(*batch(6, seed=1)) == fresh.loss_and_gradient(*batch(6, seed=1))
    assert np.array_equal(used.gradient, fresh.gradient)


@CELL
def test_inputs_in_any_layout(cell):
    x = np.random.default_rng(0).normal(size=(3, 5, 4))
    time_major = np.ascontiguousarray(x.transpose(1, 0, 2)).transpose(1, 0, 2)
    spread = np.zeros((6, 5, 8))
    spread[::2, :, ::2] = x
    wanted = layer(cell, every=True).forward(x, TRAINING)
    for other in (time_major, spread[::2, :, ::2]):
        assert np.array_equal(layer(cell, every=True).forward(other, TRAINING), wanted)


@CELL
def test_reading_and_training_compute_the_same(cell):
    x = np.random.default_rng(0).normal(size=(3, 5, 4))
    made = layer(cell, every=True)
    assert np.array_equal(made.forward(x, READING).copy(), made.forward(x, TRAINING))


@CELL
def test_a_layer_reads_the_states_below_where_they_lie(cell):
    states = layer(cell, every=True).forward(np.zeros((3, 5, 4)), TRAINING)
    assert states.shape == (3, 5, 3)
    assert states.transpose(1, 0, 2).strides[0] == states.strides[1] > states.strides[0]


@CELL
def test_parts_in_threads_compute_what_one_thread_does(cell, monkeypatch):
    images, labels = batch(50, (28, 28))
    net = build(recurrent(cell, 16, 2, (28, 28)), dtype="float64")
    alone = net.loss_and_gradient(images, labels), net.gradient.copy()
    before = [library.get_num_threads() for library in threads._libraries()]
    monkeypatch.setattr(threads, "LEAST_WORK", 1)
    monkeypatch.setattr(threads, "_threads", lambda: 3)
    divided = [(net.loss_and_gradient(images, labels), net.gradient.copy()) for _ in range(3)]
    assert [library.get_num_threads() for library in threads._libraries()] == before
    for loss, gradient in divided:
        assert loss == pytest.approx(alone[0], rel=1e-12)
        np.testing.assert_allclose(gradient, alone[1], rtol=1e-9, atol=1e-14)
        assert np.array_equal(gradient, divided[0][1])


def test_a_failing_part_is_heard_and_blas_gets_its_threads_back(monkeypatch):
    before = [library.get_num_threads() for library in threads._libraries()]
    monkeypatch.setattr(threads, "_threads", lambda: 2)

    def task(part):
        if part.start:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.by_parts(task, 10, 10 * threads.LEAST_WORK)
    assert [library.get_num_threads() for library in threads._libraries()] == before


@CELL
def test_a_wrong_derivative_is_found(cell, monkeypatch):
    images, labels = batch(5)
    numpy, torch = (build(recurrent(cell), hand, dtype="float64") for hand in ("numpy", "torch"))
    right = CELLS[cell].step_back

    def wrong(self, dh, da, *kept):
        passed = right(self, dh, da, *kept)
        da[:, -1] *= -1
        return passed

    monkeypatch.setattr(CELLS[cell], "step_back", wrong)
    numpy.loss_and_gradient(images, labels)
    torch.loss_and_gradient(images, labels)
    assert np.abs(numpy.gradients()["W_xh"] - torch.gradients()["W_xh"]).max() > 1e-3


def test_the_library_s_second_bias_of_an_elman_network_stays_zero():
    import torch

    net = build(recurrent("elman"), "torch")
    optimiser = torch.optim.SGD(net.module.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        net.loss_and_gradient(*batch(5))
        optimiser.step()
    bias = net.module[1].cell.bias_hh_l0
    assert not bias.requires_grad
    assert not bias.any()
    assert all(bias is not tensor for tensor in net.named_tensors().values())
