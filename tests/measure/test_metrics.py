"""Precision, recall, F1 and intervals: worked by hand, and against scikit-learn and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from sklearn.metrics import classification_report as theirs
from sklearn.metrics import confusion_matrix

from byhand.measure.metrics import classification_report, interval

CLASSES = st.integers(0, 9)
# Few classes make it likely that some never occur, or are never answered; many digits that all do.
ANSWERED = st.one_of(
    st.lists(st.tuples(CLASSES, CLASSES), min_size=1, max_size=200),
    st.lists(st.tuples(st.integers(2, 4), st.integers(3, 6)), min_size=1, max_size=12),
)


@given(ANSWERED)
def test_the_report_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    labels, answers = np.array(pairs).T
    ours = classification_report(labels, answers)
    np.testing.assert_array_equal(ours.confusion, confusion_matrix(labels, answers, labels=range(10)))
    wanted = theirs(labels, answers, labels=range(10), output_dict=True, zero_division=0)
    for k in range(10):
        for name, column in (("precision", ours.precision), ("recall", ours.recall), ("f1-score", ours.f1)):
            assert column[k] == pytest.approx(wanted[str(k)][name], rel=1e-12), (k, name)
        assert ours.support[k] == wanted[str(k)]["support"]
    # Averages are taken over the classes that are there, as scikit-learn does when it is not told which there are.
    averages = theirs(labels, answers, output_dict=True, zero_division=0)
    for name, weighted in (("macro avg", False), ("weighted avg", True)):
        wanted_average = [averages[name][part] for part in ("precision", "recall", "f1-score")]
        assert ours.average(weighted) == pytest.approx(wanted_average, rel=1e-12)
    assert ours.accuracy == pytest.approx(np.mean(labels == answers), rel=1e-12)


def test_a_report_worked_by_hand() -> None:
    # Truth 0 0 0 1 1, answers 0 0 1 1 2. Class 0: 2 of 2 right, 2 of 3 found, F1 = 2*2/(3+2) = 0.8;
    # class 1: 1 of 2 right, 1 of 2 found, F1 = 0.5; class 2: never true, so its recall is 0 by convention.
    report = classification_report(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 2]), classes=4)
    assert report.confusion.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert report.precision.tolist() == [1, 0.5, 0, 0]
    assert report.recall.tolist() == [2 / 3, 0.5, 0, 0]
    assert report.f1.tolist() == [0.8, 0.5, 0, 0]
    assert report.support.tolist() == [3, 2, 0, 0]
    assert report.accuracy == 0.6
    # Class 3 neither occurs nor is answered and enters no mean; class 2, which was answered, does.
    assert report.average(weighted=False) == pytest.approx((0.5, 7 / 18, 1.3 / 3))
    assert report.average(weighted=True) == pytest.approx((0.8, 0.6, 0.68))


def test_the_report_as_text() -> None:
    labels = np.arange(10).repeat(120)
    answers = labels.copy()
    answers[:60] = 1
    lines = classification_report(labels, answers).to_text().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split() == ["precision", "recall", "F1", "support"]
    assert lines[1].split() == ["0", "1.0000", "0.5000", "0.6667", "120"]
    assert lines[2].split() == ["1", "0.6667", "1.0000", "0.8000", "120"]
    assert lines[-1].split() == ["accuracy", "0.9500", "1,200"]


def test_an_interval_worked_by_hand() -> None:
    # 1, 2, 3: mean 2, standard deviation 1, t(0.975; 2 degrees) = 4.30265 from any table; 4.30265 / sqrt(3) = 2.48414.
    mean, half = interval([1.0, 2.0, 3.0])
    assert mean == 2
    assert half == pytest.approx(4.30265 / math.sqrt(3), rel=1e-5)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_interval_is_scipys(values: list[float]) -> None:
    mean, half = interval(values)
    scale = np.std(values, ddof=1) / math.sqrt(len(values))
    if scale > 1e-300:
        low, high = student.interval(0.95, len(values) - 1, loc=np.mean(values), scale=scale)
        assert (mean - half, mean + half) == pytest.approx((low, high), rel=1e-9, abs=1e-12)
    else:
        assert half == pytest.approx(0, abs=1e-290)


def test_one_value_has_no_interval() -> None:
    mean, half = interval([0.97])
    assert mean == 0.97
    assert math.isnan(half)
