"""Calibration: worked by hand, against scikit-learn, and of labels drawn with the predicted probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from byhand.metrics.calibration import calibration


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
