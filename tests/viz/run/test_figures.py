"""The figures of a run's report show all numbers, legibly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from byhand.data import Digits
from byhand.metrics.calibration import calibration
from byhand.metrics.classification import classification_report
from byhand.metrics.evaluation import Evaluation
from byhand.viz import style
from byhand.viz.run.confusion import confusion
from byhand.viz.run.examples import examples
from byhand.viz.run.learning import learning
from byhand.viz.run.reliability import reliability
from byhand.viz.style import percent

Legible = Callable[[Figure], None]
Words = Callable[[Figure], list[str]]


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
def test_learning_curves(log: list[dict[str, Any]], legible: Legible, words: Words) -> None:
    figure = learning(log)
    legible(figure)
    last = log[-1]
    ends = [word.partition("\n")[2] for word in words(figure)]
    assert f"{100 * last['val_accuracy']:.2f} %" in ends
    assert f"{last['train_loss']:.3g}" in ends
    assert len(figure.axes) == (2 if last["lr"] is None else 3)


@pytest.mark.parametrize("log", [a_log(1), a_log(5, fall=0.4, watched=True)], ids=["one", "together"])
def test_strokes_to_labels_are_no_data(log: list[dict[str, Any]]) -> None:
    figure = learning(log)
    figure.canvas.draw()
    for axes in figure.axes[:2]:
        strokes = [line for line in axes.lines if line.get_label() == "_leader"]
        curves = [line for line in axes.lines if line not in strokes]
        for stroke in strokes:
            # Right of the plot, thin, and in no curve's color.
            path = stroke.get_transform().transform(stroke.get_xydata())
            assert path[:, 0].min() >= axes.get_window_extent().x1 - 0.5
            assert all(stroke.get_linewidth() < 0.5 * curve.get_linewidth() for curve in curves)
            assert stroke.get_color() not in {curve.get_color() for curve in curves}
        # Every label beside an axes has the color of its curve.
        inks = {style.tint(str(curve.get_color()), 0.65, style.INK) for curve in curves}
        assert {text.get_color() for text in axes.texts} == inks
        assert len(strokes) == 0 or len(log) > 1


@pytest.mark.parametrize(("count", "classes"), [(7, 10), (3000, 11), (400_000, 10)])
def test_a_confusion_matrix(count: int, classes: int, legible: Legible, words: Words) -> None:
    rng = np.random.default_rng(count)
    labels = rng.integers(0, 10, count)
    predictions = np.where(rng.random(count) < 0.8, labels, rng.integers(0, classes, count))
    report = classification_report(labels, predictions, classes)
    figure = confusion(report)
    legible(figure)
    assert {f"{value:,}" for value in report.confusion[report.confusion > 0]} <= {*words(figure)}
    assert ("none" in words(figure)) == (classes == 11)
    errors = report.confusion - np.diag(np.diag(report.confusion))
    assert f"{errors.max():,}" in figure.get_label()


def unsure(count: int, classes: int = 10) -> Evaluation:
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    probabilities = rng.dirichlet(np.full(classes, 0.2), count)
    labels = np.where(rng.random(count) < 0.6, probabilities.argmax(axis=1), 3).astype(np.uint8) % 10
    return Evaluation(Digits(images, labels, "drawn", "here"), probabilities, 1.0)


@pytest.mark.parametrize(("count", "classes"), [(1, 10), (5, 11), (16, 10)])
def test_examples(count: int, classes: int, legible: Legible, words: Words) -> None:
    found = unsure(200, classes)
    indices = found.most_confident_errors(count)
    figure = examples(found, indices, "some")
    legible(figure)
    for index in indices:
        for k, probability in found.top(index):
            assert {percent(probability), style.class_name(k)} <= {*words(figure)}
    # Every image is there, its ink dark on light paper.
    (picture,) = figure.axes[0].images
    pixels = np.asarray(picture.get_array())
    for number, index in enumerate(indices):
        top, left = number // 4 * 37 + 4, number % 4 * 64
        cut = pixels[top : top + 28, left : left + 28]
        assert (cut[..., 3] == 1).all()
        assert np.corrcoef(cut[..., 0].ravel(), found.digits.images[index].ravel())[0, 1] < -0.9999
    assert (pixels[..., 3] == 1).sum() == count * 28 * 28


@given(st.floats(0, 1))
def test_a_percentage_is_never_0_or_100(probability: float) -> None:
    text = percent(probability)
    number = float(text.strip("<> %"))
    assert 0 < number < 100
    assert abs(number - 100 * probability) <= 0.5 + 1e-9
    assert len(text) <= 8


@pytest.mark.parametrize("sharpness", [0.02, 0.3, 5.0])
def test_a_reliability_diagram(sharpness: float, legible: Legible, words: Words) -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(10, sharpness), 3000)
    labels = (probabilities.cumsum(axis=1) > rng.random((3000, 1))).argmax(axis=1)
    found = calibration(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    figure = reliability(found)
    legible(figure)
    left, right = figure.axes
    assert any(f"{100 * found.error:.2f}" in word for word in words(figure))
    (dots,) = [line for line in left.lines if line.get_marker() == "o"]
    filled = found.count > 0
    assert dots.get_xdata() == pytest.approx(100 * found.confidence[filled])
    assert dots.get_ydata() == pytest.approx(100 * found.accuracy[filled])
    assert [bar.get_height() for bar in right.patches] == [*found.correct, *(found.count - found.correct)]
