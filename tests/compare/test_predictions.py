"""What networks answer: the same as the network itself does, and the digits they disagree about most."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import entropy

from byhand.compare.predictions import Answers, answers, disputed
from byhand.data import Digits, Splits
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import start


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, splits: Splits) -> Run:
    recipe = Recipe("small", network={"name": "softmax"}, training={"epochs": 2, "lr": 0.05, "threads": 1})
    return start(recipe, tmp_path_factory.mktemp("runs"), splits=splits)


def test_answers_are_the_networks(run: Run, splits: Splits) -> None:
    found = answers(run, splits.test)
    assert (found.given == run.network.logits(splits.test.images).argmax(axis=1)).all()
    assert found.accuracy == pytest.approx(run.results["test"]["accuracy"])
    assert (found.wrong == (found.given != splits.test.labels)).all()
    assert 0 < found.rate < math.inf


def test_a_device_that_is_not_here_has_no_rate(run: Run, splits: Splits) -> None:
    there = dataclasses.replace(run, environment=run.environment | {"device": "cuda:7"})
    found = answers(there, splits.test)
    assert math.isnan(found.rate)
    assert found.accuracy == pytest.approx(run.results["test"]["accuracy"])


def test_what_is_disputed() -> None:
    labels = np.array([0, 1, 1, 1, 2, 3], np.uint8)
    given = np.array(
        [
            [0, 1, 1, 7, 2, 3],
            [0, 1, 2, 8, 2, 4],
            [0, 5, 3, 9, 2, 4],
            [0, 5, 4, 6, 2, 4],
        ]
    )
    # SciPy's entropy of the counts of each column.
    want = [entropy(np.unique(column, return_counts=True)[1]) for column in given.T]
    order = sorted((place for place in range(6) if want[place] > 0), key=lambda place: (-round(want[place], 9), place))
    assert order == [2, 3, 1, 5]
    assert disputed(list(given), labels, 6, each=6).tolist() == order
    # No more than two of a class, and no more than asked for.
    assert disputed(list(given), labels, 6, each=2).tolist() == [2, 3, 5]
    assert disputed(list(given), labels, 1).tolist() == [2]
    assert disputed([given[0], given[0]], labels, 6).tolist() == []


def test_accuracy_counts() -> None:
    digits = Digits(np.zeros((4, 28, 28), np.uint8), np.array([1, 2, 3, 4], np.uint8), "four", "here")
    assert Answers(digits, np.array([1, 2, 3, 0]), 1.0).accuracy == 0.75


def test_a_run_without_an_environment(run: Run, splits: Splits) -> None:
    bare = dataclasses.replace(run, environment={})
    assert answers(bare, splits.test).accuracy == pytest.approx(run.results["test"]["accuracy"])
