"""Metrics: worked by hand, and against SciPy and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from byhand.metrics.calibration import calibration
from byhand.metrics.classification import classification_report
from byhand.metrics.intervals import mean_interval, wilson_interval
from byhand.metrics.losses import mean_loss, probabilities

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


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_large_logits_of_single_precision(loss: str) -> None:
    z = np.array([[1e30, -1e30], [-3e38, 3e38]], np.float32)
    assert np.isfinite(mean_loss(z, np.array([0, 1]), loss))
    assert probabilities(z, loss) == pytest.approx(np.eye(2))


def test_logits_so_low_that_every_sigmoid_vanishes() -> None:
    """Sigmoids of -800 and -801 are exp(-800) and exp(-801), both 0 in floats; their ratio is e all the same."""
    shares = probabilities(np.array([[-800.0, -801.0]]), "sigmoid")
    assert shares == pytest.approx(softmax(np.array([[-800.0, -801.0]]), axis=1))


def test_a_report_worked_by_hand() -> None:
    # Labels 0 0 0 1 1, predictions 0 0 1 1 2. Class 0: 2 of 2 correct, 2 of 3 found, F1 = 2*2/(3+2) = 0.8;
    # class 1: 1 of 2 correct, 1 of 2 found, F1 = 0.5; class 2 never occurs, so its recall is 0 by convention.
    report = classification_report(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 2]), classes=4)
    assert report.confusion.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert report.precision.tolist() == [1, 0.5, 0, 0]
    assert report.recall == pytest.approx([2 / 3, 0.5, 0, 0])
    assert report.f1 == pytest.approx([0.8, 0.5, 0, 0])
    assert report.support.tolist() == [3, 2, 0, 0]
    assert report.accuracy == 0.6
    # Class 3 is neither a label nor a prediction and enters no mean; class 2, which was predicted, does.
    assert report.present == [0, 1, 2]
    assert report.averages["macro"] == pytest.approx((0.5, 7 / 18, 1.3 / 3))
    assert report.averages["weighted"] == pytest.approx((0.8, 0.6, 0.68))


def test_an_error_worked_by_hand() -> None:
    # Bins of 0.25. (0.5, 0.75]: confidence 0.6 and 0.7, one of two correct: |0.5 - 0.65| = 0.15, of 2 answers.
    # (0.75, 1]: confidence 0.8, 0.9, 1.0, all correct: |1 - 0.9| = 0.1, of 3. ECE = (2 * 0.15 + 3 * 0.1) / 5 = 0.12.
    found = calibration(np.array([0.6, 0.7, 0.8, 0.9, 1.0]), np.array([True, False, True, True, True]), bins=4)
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.count.tolist() == [0, 0, 2, 3]
    assert found.correct.tolist() == [0, 0, 1, 3]
    assert found.confidence == pytest.approx([0, 0, 0.65, 0.9])
    assert found.accuracy.tolist() == [0, 0, 0.5, 1]
    assert found.error == pytest.approx(0.12)
    # Mean confidence 0.8, accuracy 0.8.
    assert found.overconfidence == pytest.approx(0)


@given(st.lists(st.tuples(st.floats(0.501, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 20))
def test_the_curve_is_scikit_learns(answers: list[tuple[float, bool]], bins: int) -> None:
    confidence, correct = (np.array(values) for values in zip(*answers, strict=True))
    found = calibration(confidence, correct, bins)
    true, predicted = calibration_curve(correct, confidence, n_bins=bins, strategy="uniform")
    there = found.count > 0
    assert found.accuracy[there] == pytest.approx(true, abs=1e-12)
    assert found.confidence[there] == pytest.approx(predicted, abs=1e-12)
    assert found.count.sum() == len(answers)


def test_a_calibrated_network_has_no_error_and_an_overconfident_one_has() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (100_000, 10))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)
    found = calibration(p.max(axis=1), p.argmax(axis=1) == labels)
    assert found.error < 0.006
    assert abs(found.overconfidence) < 0.006
    sharper = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    overconfident = calibration(sharper.max(axis=1), sharper.argmax(axis=1) == labels)
    assert overconfident.error > 0.1
    assert overconfident.overconfidence == pytest.approx(overconfident.error, rel=0.01)


def test_the_interval_of_a_mean() -> None:
    # 1, 2, 3: mean 2, standard deviation 1, t(0.975; 2 degrees) = 4.30265 from any table; 4.30265 / sqrt(3) = 2.48414.
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx((2, 4.30265 / math.sqrt(3)), rel=1e-5)
    mean, half = mean_interval([0.97])
    assert mean == 0.97
    assert math.isnan(half)


def test_the_interval_of_a_proportion() -> None:
    # z^2 / (n + z^2) with z^2 = 3.8415: 3.8415 / 13.8415.
    assert wilson_interval(0, 10) == pytest.approx((0, 0.27753), abs=1e-5)
    assert wilson_interval(10, 10) == pytest.approx((1 - 0.27753, 1), abs=1e-5)
