"""Calibration: worked by hand, against scikit-learn, and of answers whose truth is drawn by their own probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from byhand.metrics.calibration import Calibration, calibration


def of(sure: list[float], right: list[bool], bins: int = 15) -> Calibration:
    """Answers of two classes, the first of which is always answered."""
    probabilities = np.array([[one, 1 - one] for one in sure])
    return calibration(probabilities, np.array([0 if one else 1 for one in right]), bins)


def test_an_error_worked_by_hand() -> None:
    # Bins of 0.25. (0.5, 0.75]: confidence 0.6 and 0.7, one of two right: |0.5 - 0.65| = 0.15, of 2 answers.
    # (0.75, 1]: confidence 0.8, 0.9, 1.0, all right: |1 - 0.9| = 0.1, of 3. ECE = (2 * 0.15 + 3 * 0.1) / 5 = 0.12.
    found = of([0.6, 0.7, 0.8, 0.9, 1.0], [True, False, True, True, True], bins=4)
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found.count.tolist() == [0, 0, 2, 3]
    assert found.right.tolist() == [0, 0, 1, 3]
    assert found.confidence == pytest.approx([0, 0, 0.65, 0.9])
    assert found.accuracy.tolist() == [0, 0, 0.5, 1]
    assert found.error == pytest.approx(0.12)
    # Mean confidence 0.8, accuracy 0.8.
    assert found.surplus == pytest.approx(0)


@given(st.lists(st.tuples(st.floats(0.501, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 20))
def test_the_curve_is_scikit_learns(answers: list[tuple[float, bool]], bins: int) -> None:
    sure, right = (list(values) for values in zip(*answers, strict=True))
    found = of(sure, right, bins)
    true, predicted = calibration_curve(right, sure, n_bins=bins, strategy="uniform")
    there = found.count > 0
    assert found.accuracy[there] == pytest.approx(true, abs=1e-12)
    assert found.confidence[there] == pytest.approx(predicted, abs=1e-12)
    assert found.count.sum() == len(answers)


def test_a_calibrated_network_has_no_error_and_a_boastful_one_has() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (100_000, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # The truth is drawn by the very probabilities that are claimed.
    labels = (probabilities.cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)
    found = calibration(probabilities, labels)
    assert found.error < 0.006
    assert abs(found.surplus) < 0.006
    sharper = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    boastful = calibration(sharper, labels)
    assert boastful.error > 0.1
    assert boastful.surplus == pytest.approx(boastful.error, rel=0.01)
