"""The losses of the hands, against SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax

from byhand.hands.by_numpy.losses import LOSSES as IN_NUMPY

SHAPES = [(1, 2), (7, 10), (64, 10)]


def oracle(z: np.ndarray, labels: np.ndarray, loss: str, smoothing: float) -> tuple[float, np.ndarray]:
    """``-sum t log p`` written out, and ``(p - t) / B``."""
    B, K = z.shape
    t = (1 - smoothing) * np.eye(K)[labels] + smoothing / K
    if loss == "softmax":
        return float(-(t * log_softmax(z, axis=1)).sum(axis=1).mean()), (softmax(z, axis=1) - t) / B
    # log sigma(z) = -log(1 + exp(-z)), log(1 - sigma(z)) = -log(1 + exp(z))
    total = t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)
    return float(total.sum(axis=1).mean()), (expit(z) - t) / B


def torch_hands(loss: str) -> list[Callable[..., Any]]:
    from byhand.hands.by_tensor.losses import LOSSES as IN_TENSOR
    from byhand.hands.by_torch.losses import LOSSES as IN_TORCH

    return [IN_TENSOR[loss], IN_TORCH[loss]]


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("shape", SHAPES)
def test_against_scipy(loss: str, smoothing: float, shape: tuple[int, int]) -> None:
    import torch

    rng = np.random.default_rng(0)
    z, labels = rng.normal(0, 5, shape), rng.integers(0, shape[1], shape[0])
    value, slope = oracle(z, labels, loss, smoothing)
    ours, dz = IN_NUMPY[loss](z.copy(), labels, smoothing)
    assert ours == pytest.approx(value, rel=1e-12)
    assert dz == pytest.approx(slope, rel=1e-10, abs=1e-14)
    for hand in torch_hands(loss):
        logits = torch.tensor(z, requires_grad=True)
        theirs = hand(logits, torch.tensor(labels), smoothing)
        theirs.backward()
        assert theirs.item() == pytest.approx(value, rel=1e-12)
        assert logits.grad is not None
        assert logits.grad.numpy() == pytest.approx(slope, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_any_size(loss: str, dtype: str) -> None:
    """Where exp would overflow, the loss is the distance of the logits."""
    import torch

    z = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype)
    labels = np.array([0, 0])
    # softmax: 0, and 10,000 - (-10,000). sigmoid: 0 + 0 + log 2, and 10,000 + 10,000 + log 2.
    expected = 1e4 if loss == "softmax" else 1e4 + np.log(2)
    value, dz = IN_NUMPY[loss](z.copy(), labels, 0.0)
    assert value == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(dz).all()
    assert dz.dtype == dtype
    for hand in torch_hands(loss):
        assert hand(torch.tensor(z), torch.tensor(labels), 0.0).item() == pytest.approx(expected, rel=1e-6)


def test_worked_by_hand() -> None:
    """z = (log 1, log 3), label 0, s = 1/2: p = (1/4, 3/4), t = (3/4, 1/4).

    L = -(3/4 log 1/4 + 1/4 log 3/4), and dz = (1/4 - 3/4, 3/4 - 1/4).
    """
    value, dz = IN_NUMPY["softmax"](np.log([[1.0, 3.0]]), np.array([0]), 0.5)
    assert value == pytest.approx(0.75 * np.log(4) + 0.25 * np.log(4 / 3))
    assert dz == pytest.approx(np.array([[-0.5, 0.5]]))
