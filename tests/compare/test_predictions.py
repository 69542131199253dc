"""Predictions: the network's own, and the digits on which networks disagree most."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import entropy

from byhand.compare.predictions import most_disputed, predict
from byhand.data import Splits
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import start


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory, splits: Splits) -> Run:
    recipe = Recipe("small", network={"name": "softmax"}, training={"epochs": 2, "lr": 0.05, "threads": 1})
    return start(recipe, tmp_path_factory.mktemp("runs"), splits=splits)


def test_predictions_are_the_networks(run: Run, splits: Splits) -> None:
    found = predict(run, splits.test)
    assert (found.classes == run.network.logits(splits.test.images).argmax(axis=1)).all()
    assert found.accuracy == pytest.approx(run.accuracy)
    assert (found.wrong == (found.classes != splits.test.labels)).all()
    assert 0 < found.rate < math.inf


def test_a_device_that_is_not_available_has_no_rate(run: Run, splits: Splits) -> None:
    run.environment["device"] = "cuda:7"
    found = predict(run, splits.test)
    assert math.isnan(found.rate)
    assert found.accuracy == pytest.approx(run.accuracy)


def test_the_most_disputed_digits() -> None:
    labels = np.array([0, 1, 1, 1, 2, 3], np.uint8)
    predictions = np.array([[0, 1, 1, 7, 2, 3], [0, 1, 2, 8, 2, 4], [0, 5, 3, 9, 2, 4], [0, 5, 4, 6, 2, 4]])
    # SciPy's entropy of the counts of each column.
    want = [entropy(np.unique(column, return_counts=True)[1]) for column in predictions.T]
    order = sorted((index for index in range(6) if want[index] > 0), key=lambda index: (-round(want[index], 9), index))
    assert order == [2, 3, 1, 5]
    assert most_disputed(list(predictions), labels, 6, per_class=6).tolist() == order
    # No more than two of a class, and no more than asked for.
    assert most_disputed(list(predictions), labels, 6, per_class=2).tolist() == [2, 3, 5]
    assert most_disputed(list(predictions), labels, 1).tolist() == [2]
    assert most_disputed([predictions[0], predictions[0]], labels, 6).tolist() == []
