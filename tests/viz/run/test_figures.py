"""The figures of a run's report: all numbers are there, no words lie on others, and nothing leaves the page."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from byhand.data import Digits
from byhand.metrics.calibration import calibration
from byhand.metrics.classification import classification_report
from byhand.metrics.evaluation import Evaluation
from byhand.viz import style
from byhand.viz.run.confusion import STRONGEST, confusion
from byhand.viz.run.examples import gallery, percent
from byhand.viz.run.learning import learning
from byhand.viz.run.reliability import reliability


def words_of(figure: Figure) -> list[str]:
    return [word.get_text() for word in figure.findobj(Text) if word.get_text()]


def check(figure: Figure) -> None:
    """Nothing that is drawn leaves the page."""
    with style.applied():
        drawn = figure.get_tightbbox()
    # But for rounding.
    assert drawn.x0 > -0.001
    assert drawn.y0 > -0.001
    assert drawn.x1 < figure.get_figwidth() + 0.001
    assert drawn.y1 < figure.get_figheight() + 0.001


def check_apart(figure: Figure, words: list[Text]) -> None:
    """No word lies on another."""
    with style.applied():
        renderer = figure.canvas.get_renderer()
        boxes = [(word.get_text(), word.get_window_extent(renderer).padded(-0.5)) for word in words]
    assert len(boxes) > 1
    for (one, at), (other, there) in itertools.combinations(boxes, 2):
        assert not at.overlaps(there), (one, other)


def a_log(epochs: int, lr: float | None = 0.1, watched: bool = False, fall: float = 0.9) -> list[dict[str, Any]]:
    entries = []
    for epoch in range(epochs):
        loss = 2.0 * fall**epoch
        entry = {"epoch": epoch, "step": epoch, "train_loss": loss, "val_loss": loss * 1.01, "lr": lr}
        entry["val_accuracy"] = 1 - 0.9 * fall**epoch
        if watched:
            entry |= {"test_loss": loss * 1.02, "test_accuracy": entry["val_accuracy"] - 0.001}
        entries.append(entry)
    return entries


@pytest.mark.parametrize(
    "log",
    [
        a_log(1),
        a_log(2, watched=True),
        a_log(5, lr=0.0),
        a_log(12, fall=0.3, watched=True),
        a_log(200, lr=None),
        [entry | {"val_loss": 0.0, "train_loss": 0.0, "val_accuracy": 1.0} for entry in a_log(3)],
        [entry | {"val_accuracy": 0.0, "train_loss": 1e9} for entry in a_log(3)],
    ],
    ids=["one", "watched", "no rate", "falling", "iterations", "perfect", "useless"],
)
def test_the_curves(log: list[dict[str, Any]]) -> None:
    figure = learning(log)
    check(figure)
    words = words_of(figure)
    last = log[-1]
    assert f"validation\n{100 * last['val_accuracy']:.2f} %" in words
    assert f"training\n{last['train_loss']:.3g}" in words
    assert ("learning rate" in words) == (last["lr"] is not None)
    assert any(word.startswith("test\n") for word in words) == ("test_loss" in last)
    assert ("iteration" in words) == (last["lr"] is None)
    for axes in figure.axes[: 1 if "test_loss" not in last else 2]:
        check_apart(figure, [word for word in axes.texts if word.get_text()])


def test_the_curves_are_the_log() -> None:
    log = a_log(4, watched=True)
    loss, accuracy, rate = learning(log).axes
    lines = {line.get_color(): list(line.get_ydata()) for line in loss.lines if len(line.get_xdata()) == 4}
    assert lines[style.BLUE] == [entry["train_loss"] for entry in log]
    assert lines[style.ORANGE] == [entry["val_loss"] for entry in log]
    assert lines[style.GREY] == [entry["test_loss"] for entry in log]
    assert list(accuracy.lines[0].get_ydata()) == [100 * entry["val_accuracy"] for entry in log]
    assert list(accuracy.lines[0].get_xdata()) == [1, 2, 3, 4]
    assert list(rate.lines[0].get_ydata()) == [0.1] * 4


@pytest.mark.parametrize("classes", [10, 11])
@pytest.mark.parametrize("count", [7, 3000, 400_000])
def test_the_confusion_matrix(classes: int, count: int) -> None:
    rng = np.random.default_rng(count)
    labels = rng.integers(0, 10, count)
    answers = np.where(rng.random(count) < 0.8, labels, rng.integers(0, classes, count))
    report = classification_report(labels, answers, classes)
    figure = confusion(report)
    check(figure)
    check_apart(figure, figure.axes[0].texts)
    words = words_of(figure)
    for value in report.confusion[report.confusion > 0]:
        assert f"{value:,}" in words
    assert ("none" in words) == (classes == 11)
    truth, answer = np.unravel_index(np.argmax(report.confusion - np.diag(np.diag(report.confusion))), (classes,) * 2)
    most = report.confusion[truth, answer]
    assert f", {most:,} times." in figure.get_label()
    # The strongest colour is that of the most frequent mistake, and the right answers are grey.
    (cells,) = figure.axes[0].collections
    colours = cells.get_facecolors()[:, :3].reshape(classes, classes, 3)
    assert np.allclose(colours[truth, answer], to_rgb(style.tint(style.VERMILION, STRONGEST)))
    assert np.ptp(colours[np.arange(classes), np.arange(classes)], axis=1).max() < 0.1


def test_a_matrix_without_mistakes() -> None:
    report = classification_report(np.arange(10), np.arange(10))
    assert confusion(report).get_label() == "Confusion matrix: 0 of 10 digits were read wrongly."


def unsure(count: int, classes: int = 10) -> Evaluation:
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    shares = rng.dirichlet(np.full(classes, 0.2), count)
    labels = np.where(rng.random(count) < 0.6, shares.argmax(axis=1), 3).astype(np.uint8) % 10
    return Evaluation(Digits(images, labels, "drawn", "here"), shares, 1.0)


@pytest.mark.parametrize(("count", "classes"), [(1, 10), (5, 11), (16, 10)])
def test_the_gallery(count: int, classes: int) -> None:
    evaluation = unsure(200, classes)
    places = evaluation.most_confident_errors(count)
    figure = gallery(evaluation, places, "some")
    check(figure)
    check_apart(figure, figure.axes[0].texts)
    words = words_of(figure)
    titles = [word for word in words if "read as" in word]
    names = [str(k) if k < 10 else "none" for k in range(classes)]
    labels = evaluation.digits.labelled()
    assert titles == [f"{names[labels[place]]}, read as {names[evaluation.predictions[place]]}" for place in places]
    for place in places:
        for _, share in evaluation.top(place):
            assert percent(share) in words
    # Every picture is there, its ink as light as its pixels.
    (picture,) = figure.axes[0].images
    pixels = np.asarray(picture.get_array())
    for number, place in enumerate(places):
        top, left = number // 4 * 37 + 4, number % 4 * 64
        cut = pixels[top : top + 28, left : left + 28]
        assert (cut[..., 3] == 1).all()
        assert np.corrcoef(cut[..., 0].ravel(), evaluation.digits.images[place].ravel())[0, 1] > 0.9999
    assert (pixels[..., 3] == 1).sum() == count * 28 * 28


def test_right_answers_have_their_digit_for_a_title() -> None:
    evaluation = unsure(100)
    words = words_of(gallery(evaluation, evaluation.least_confident_correct(4), "some"))
    assert not [word for word in words if "read as" in word]


@given(st.floats(0, 1))
def test_a_share_is_nothing_or_all_only_if_it_is(share: float) -> None:
    text = percent(share)
    number = float(text.strip("<> %"))
    assert 0 < number < 100
    assert abs(number - 100 * share) <= 0.5 + 1e-9
    assert len(text) <= 8


@pytest.mark.parametrize("sharpness", [0.02, 0.3, 5.0])
def test_the_reliability_diagram(sharpness: float) -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(10, sharpness), 3000)
    labels = (shares.cumsum(axis=1) > rng.random((3000, 1))).argmax(axis=1)
    found = calibration(shares.max(axis=1), shares.argmax(axis=1) == labels)
    figure = reliability(found)
    left, right = figure.axes
    assert f"ECE {100 * found.error:.2f} points" in words_of(figure)
    (dots,) = [line for line in left.lines if line.get_marker() == "o"]
    there = found.count > 0
    assert dots.get_xdata() == pytest.approx(100 * found.confidence[there])
    assert dots.get_ydata() == pytest.approx(100 * found.accuracy[there])
    heights = [bar.get_height() for bar in right.patches]
    assert heights == [*found.correct, *(found.count - found.correct)]
    check(figure)


def test_an_evaluation(found: Evaluation) -> None:
    labels = found.digits.labelled()
    assert found.probabilities.sum(axis=1) == pytest.approx(1)
    assert (found.correct == (found.probabilities.argmax(axis=1) == labels)).all()
    worst, sure = found.most_confident_errors(1000), found.least_confident_correct(1000)
    assert sorted([*worst, *sure]) == list(range(len(labels)))
    assert (np.diff(found.confidence[worst]) <= 0).all()
    assert (np.diff(found.confidence[sure]) >= 0).all()
    assert not found.correct[worst].any()
    top = found.top(0)
    assert top[0] == (found.predictions[0], found.confidence[0])
    assert [share for _, share in top] == sorted((share for _, share in top), reverse=True)
    with pytest.raises(Exception, match="no labels"):
        Evaluation.of(None, dataclasses.replace(found.digits, labels=None))  # type: ignore[arg-type]
