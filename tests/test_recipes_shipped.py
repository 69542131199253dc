"""Every shipped recipe: told, parsed, as large as its project says, and one function in three hands."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from byhand.data import Digits, load_digits
from byhand.hands import HANDS, Network, build
from byhand.rng import generator
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import optimizer, rate
from byhand.training.recipe import load_recipe, parse_recipe, shipped

torch = pytest.importorskip("torch")

RECIPES = shipped()
COUNTS = {
    "softmax": 7_850,
    "mlp": 101_770,
    "scratch-mlp": 7_960,
    "adam-mlp": 79_510,
    "deep-mlp": 567_434,
    "deep-mlp-rmsprop": 567_434,
    "elman": 21_386,
    "lstm": 214_282,
    "gru": 161_034,
    "conv5x5": 242_062,
    "tiny-cnn": 16_614,
    "reader": 309_243,
    "bi-lstm": 148_746,
    "resnet": 54_458,
    "vit": 75_434,
}
"""As the projects state them, or 785 x 10 and the like for those that none states."""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Batches of four feed one processor; threads would only wait for each other, the longer the busier they are."""
    before = torch.get_num_threads()
    with threadpool_limits(1):
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits() -> Digits:
    """Real digits, so that the hands agree where they are used."""
    return load_digits("digits").train.take(range(64))


def hands(name: str, digits: Digits, dtype: str = "float64") -> Iterator[Network]:
    spec = load_recipe(name).spec(digits)
    for hand in HANDS:
        yield build(spec, hand, seed=7, dtype=dtype)


def idle(network: Network) -> set[str]:
    """Names of the biases that a batch normalisation takes away again: their gradients are zero but for rounding."""
    inside = [entry for entry in network.spec.entries if entry.layer.kind != "Residual"]
    return {
        one.parameters[1].name
        for one, next_one in itertools.pairwise(inside)
        if one.layer.kind == "Conv2d" and next_one.layer.kind == "BatchNorm2d"
    }


def apart(ours: Any, theirs: Any) -> float:
    """Largest difference, relative to the largest value."""
    return float(np.abs(np.asarray(ours) - theirs).max() / max(np.abs(theirs).max(), 1e-300))


def test_the_recipes_are_all_there() -> None:
    assert {*COUNTS, "cg-mlp", "cg-grid"} <= set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_tells_what_it_is(name: str) -> None:
    text = (resources.files("byhand") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.endswith("\n")
    recipe = load_recipe(name)
    assert recipe.name == name
    assert len(recipe.description) > 40
    assert recipe.description.endswith(".")
    # Written down, it is the same recipe.
    again = parse_recipe(recipe.to_toml(), "renamed")
    assert (again.name, again.description, again.variants()[0][0]) == (
        name,
        recipe.description,
        recipe.variants()[0][0],
    )
    assert again.config == recipe.config
    assert again.network == recipe.network


@pytest.mark.parametrize("name", COUNTS)
def test_parameters(name: str, digits: Digits) -> None:
    assert load_recipe(name).spec(digits).size == COUNTS[name]


def test_the_cg_recipes_drop_what_hardly_varies(digits: Digits) -> None:
    variances = (digits.images.reshape(64, -1) / 255).var(axis=0)
    kept = int((variances > 1e-5).sum())
    assert 100 < kept < 784
    spec = load_recipe("cg-mlp").spec(digits)
    assert spec.shapes[3] == (kept,)
    assert spec.size == kept * 20 + 20 + 210
    assert spec.loss == "sigmoid"
    grid = load_recipe("cg-grid").variants()
    assert [(s["hidden"], s["l2"]) for s, _ in grid] == [(h, l2) for h in range(4, 21, 4) for l2 in range(0, 61, 10)]


def stepped(network: Network, config: TrainingConfig, digits: Digits, steps: int) -> dict[str, Any]:
    """Train by a recipe's own optimizer and schedule, four pictures a step."""
    made = optimizer(network, config)
    images, labels, drop = digits.images, digits.labelled(), generator(0, "dropout", 0)
    for step in range(steps):
        rows = slice(step % 16 * 4, step % 16 * 4 + 4)
        assert np.isfinite(network.loss_and_gradient(images[rows], labels[rows], drop))
        made.step(rate(config, step, 10))
    return {name: np.array(value) for name, value in network.parameters().items()}


STEPPING = [name for name in RECIPES if not load_recipe(name).config.full_batch]


@pytest.mark.parametrize("name", STEPPING)
def test_fifty_steps_keep_the_hands_together(name: str, digits: Digits) -> None:
    config = dataclasses.replace(load_recipe(name).config, dtype="float64")
    before = build(load_recipe(name).spec(digits), seed=7, dtype="float64").parameters()
    made = list(hands(name, digits))
    ours, *others = (stepped(network, config, digits, 50) for network in made)
    for theirs in others:
        for key in theirs.keys() - idle(made[0]):
            assert apart(ours[key], theirs[key]) < 1e-8, key
    moved = [apart(ours[key], before[key]) for key in ours if np.abs(before[key]).max() > 0]
    assert min(moved) > 1e-4
