"""What logits mean, against SciPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import accuracy_score, log_loss

from byhand.metrics.losses import accuracy, mean_loss, probabilities

RNG = np.random.default_rng(0)
Z, LABELS = RNG.normal(0, 4, (50, 10)), RNG.permutation(np.arange(50) % 10)


def test_softmax() -> None:
    assert mean_loss(Z, LABELS, "softmax") == pytest.approx(log_loss(LABELS, softmax(Z, axis=1)), rel=1e-12)
    assert probabilities(Z, "softmax") == pytest.approx(softmax(Z, axis=1), rel=1e-12)


def test_sigmoid() -> None:
    t, p = np.eye(10)[LABELS], expit(Z)
    by_hand = -(t * np.log(p) + (1 - t) * np.log1p(-p)).sum(axis=1).mean()
    assert mean_loss(Z, LABELS, "sigmoid") == pytest.approx(by_hand, rel=1e-9)
    shares = probabilities(Z, "sigmoid")
    assert shares.sum(axis=1) == pytest.approx(np.ones(50))
    assert shares == pytest.approx(p / p.sum(axis=1, keepdims=True))


def test_accuracy() -> None:
    assert accuracy(Z, LABELS) == accuracy_score(LABELS, Z.argmax(axis=1))
    assert accuracy(np.eye(10)[LABELS], LABELS.astype(np.uint8)) == 1.0


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_large_logits_of_single_precision(loss: str) -> None:
    z = np.array([[1e30, -1e30], [-3e38, 3e38]], np.float32)
    assert np.isfinite(mean_loss(z, np.array([0, 1]), loss))
    assert probabilities(z, loss) == pytest.approx(np.eye(2))


def test_logits_so_low_that_every_sigmoid_vanishes() -> None:
    """Sigmoids of -800 and -801 are exp(-800) and exp(-801), both 0 in floats; their ratio is e all the same."""
    shares = probabilities(np.array([[-800.0, -801.0]]), "sigmoid")
    assert shares == pytest.approx(softmax(np.array([[-800.0, -801.0]]), axis=1))
