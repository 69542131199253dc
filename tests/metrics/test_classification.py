"""Precision, recall and F1: worked by hand, and against scikit-learn, number by number and letter by letter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report as theirs
from sklearn.metrics import confusion_matrix

from byhand.metrics.classification import classification_report

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
    # Where no answer is right, scikit-learn counts supports in floats and writes 1.0.
    if ours.accuracy:
        assert ours.to_text() == theirs(labels, answers, digits=4, zero_division=0)


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
    assert report.there == [0, 1, 2]
    assert report.average(weighted=False) == pytest.approx((0.5, 7 / 18, 1.3 / 3))
    assert report.average(weighted=True) == pytest.approx((0.8, 0.6, 0.68))


def test_a_large_report_as_text() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 11, 123_456)
    answers = np.where(rng.random(len(labels)) < 0.9, labels, rng.integers(0, 11, len(labels)))
    ours = classification_report(labels, answers, classes=11)
    assert ours.to_text() == theirs(labels, answers, digits=4)
    plain = ours.to_dict()
    assert plain["macro_average"].keys() == {"precision", "recall", "f1"}
    assert np.sum(plain["confusion"]) == len(labels)
