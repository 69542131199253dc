"""A trained network by one word: a run's folder, or shipped weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from byhand import weights
from byhand.data import load_digits
from byhand.errors import ByhandError
from byhand.training.recipe import Recipe
from byhand.training.run import load_run, start
from byhand.weights.trained import trained


def test_shipped_weights() -> None:
    mine = trained("softmax")
    assert (mine.name, mine.run) == ("softmax", None)
    assert mine.card == weights.card("softmax")
    assert 'name = "softmax"' in mine.recipe
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(mine.network.logits(images), weights.load("softmax").logits(images))


def test_their_test_digits(real_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYHAND_DATA", str(real_mnist))
    mine = trained("softmax")
    digits = mine.test_digits(offline=True)
    assert (digits.name, len(digits)) == ("mnist", 10_000)
    right = (mine.network.logits(digits.images).argmax(axis=1) == digits.labelled()).mean()
    assert right == pytest.approx(mine.card["test_accuracy"], abs=2e-4)


def test_a_run(npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe("x", network={"name": "softmax"}, training={"epochs": 1, "threads": 1}, data={"name": str(npz)})
    run = start(recipe, tmp_path, "softmax")
    for name in (run.path, str(run.path)):
        mine = trained(name)
        assert mine.name == str(run.path)
        assert mine.recipe == recipe.to_toml()
        assert mine.run is not None
        digits = mine.test_digits()
        np.testing.assert_array_equal(digits.images, load_digits(str(npz)).test.images)
    # In the process that trained it, nothing is loaded again.
    assert run.splits is not None
    assert dataclasses.replace(mine, run=run).test_digits() is run.splits.test
    assert load_run(run.path).splits is None
    # A folder called like shipped weights is meant by a path.
    monkeypatch.chdir(tmp_path)
    assert trained("softmax").run is None
    assert trained("./softmax").run is not None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("elmann", "'elmann' is neither the folder of a run .* perhaps 'elman' was meant"),
        ("no/where", "no/where is not the folder of a run; it should hold recipe.toml"),
        (".", "is not the folder of a run"),
    ],
)
def test_what_there_is_not(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ByhandError, match=said):
        trained(name)


def test_digits_that_are_not_to_be_had_by_name() -> None:
    mine = dataclasses.replace(trained("softmax"), card={"data": "drawn by us"})
    with pytest.raises(ByhandError, match="name some by --data"):
        mine.test_digits()
