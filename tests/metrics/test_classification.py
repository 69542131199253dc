"""The per-class report: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from byhand.metrics.classification import classification_report


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


def test_eleven_classes_as_plain_values() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 11, 500)
    plain = classification_report(labels, labels[::-1], classes=11).to_dict()
    assert plain["macro_average"].keys() == {"precision", "recall", "f1"}
    assert np.sum(plain["confusion"]) == len(labels)
