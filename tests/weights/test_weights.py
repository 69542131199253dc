"""What comes with byhand: that it is small, one function in three hands, and reaches what its card says."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import byhand
from byhand import weights
from byhand.data import Digits, load_digits
from byhand.hands import HANDS
from byhand.metrics.losses import accuracy
from byhand.models.zoo import NETWORKS
from byhand.training.recipe import load_recipe, parse_recipe
from byhand.weights.calibration import confidence, distorted


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits("digits").test


def test_the_networks_of_the_zoo_in_its_order_and_the_reader() -> None:
    *names, last = weights.names()
    assert last == "reader"
    assert names == [name for name in NETWORKS if name in names]
    assert {*NETWORKS} - {*names} <= {"bi-lstm", "resnet", "vit"}


def test_all_together_are_small() -> None:
    files = [file for file in resources.files("byhand.weights").iterdir() if file.name.endswith(".safetensors")]
    assert len(files) == len(weights.names())
    assert sum(len(file.read_bytes()) for file in files) < 4_000_000


@pytest.mark.parametrize("name", weights.names())
def test_a_card_tells_how_to_train_it_again(name: str) -> None:
    card = weights.card(name)
    assert card["name"] == name
    network = weights.load(name)
    assert card["parameters"] == network.spec.size
    assert 0.9 < card["test_accuracy"] <= 1
    # What rounding to float16 costs, at most two digits in 10,000.
    assert abs(card["test_accuracy"] - card["test_accuracy_before_rounding"]) <= 0.0002
    assert card["data"]["name"] == "mnist"
    assert card["version"] == byhand.__version__
    recipe = parse_recipe(card["recipe_text"], name)
    shipped = load_recipe(card["recipe"])
    assert (recipe.network, recipe.data) == (shipped.network, shipped.data)
    assert recipe.with_settings(hand=shipped.config.hand, seed=shipped.config.seed, threads=0).config == shipped.config


@pytest.mark.parametrize("name", weights.names())
def test_the_hands_read_the_same(name: str, digits: Digits) -> None:
    pytest.importorskip("torch")
    logits = [byhand.load_network(name, hand).logits(digits.images[:64]) for hand in HANDS]
    for other in logits[1:]:
        assert np.abs(other - logits[0]).max() < 1e-4 * np.abs(logits[0]).max()


def test_loaded_weights_are_the_callers_own() -> None:
    one, other = weights.load("softmax"), weights.load("softmax")
    next(iter(one.parameters().values()))[...] = 0
    assert next(iter(other.parameters().values())).any()


def test_shipped_weights_are_a_run(refused: Any) -> None:
    run = weights.load_run("softmax")
    assert (run.path, run.status, run.hand, run.has_splits) == (None, "done", "fast", False)
    assert run.accuracy == weights.card("softmax")["test_accuracy"]
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(run.network.logits(images), weights.load("softmax").logits(images))
    with refused("run.no_folder"):
        _ = run.folder
    with refused("run.unknown_digits"):
        dataclasses.replace(run, card={"data": "drawn"}).splits()
    for name in ("softmaxx", Path("softmax"), "no/where"):
        with refused("run.not_found"):
            weights.load_run(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", weights.names())
def test_the_accuracy_on_the_card(name: str, real_mnist: Path) -> None:
    """Of 2,000 test digits: within four standard errors of what the card says of all 10,000."""
    test = load_digits(str(real_mnist)).test.take(range(0, 10_000, 5))
    stated = weights.card(name)["test_accuracy"]
    error = (stated * (1 - stated) / len(test)) ** 0.5
    reached = accuracy(weights.load(name).logits(test.images)[:, :10], test.labelled())
    assert abs(reached - stated) < 4 * error


@pytest.mark.slow
def test_the_reader_knows_what_is_no_digit(real_mnist: Path) -> None:
    """On test digits and non-digits that nothing was chosen by."""
    test, card = load_digits(str(real_mnist)).test.take(range(0, 10_000, 4)), weights.card("reader")
    network = weights.load("reader")
    sure, answers = confidence(network.logits(test.images), card["temperature"])
    assert (sure < card["threshold"]).mean() < 0.02
    assert (answers == test.labelled()).mean() > 0.99
    images, labels = distorted(test)
    sure, answers = confidence(network.logits(images), card["temperature"])
    unsure = sure < card["threshold"]
    assert unsure[labels < 10].mean() < 0.03
    assert unsure[labels == 10].mean() > 0.9
    assert (answers == labels)[labels < 10].mean() > 0.975


def test_the_reader_is_sure_of_nothing_on_an_empty_picture() -> None:
    blank = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)])
    card = weights.card("reader")
    sure, _ = confidence(weights.load("reader").logits(blank), card["temperature"])
    assert (sure < card["threshold"]).all()
