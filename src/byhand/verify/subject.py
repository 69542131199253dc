"""The subjects of a proof: the networks, their weights, and pictures that hide no mistake.

Pictures are the digits embedded in scikit-learn, so that a proof needs no files. For derivatives they get noise: then
no two values tie in a maximum, and no pixel is zero everywhere, where a wrong gradient would not show. Weights are the
starting ones, except that what starts constant (biases, gamma, beta) is moved off its constant, where a forgotten
factor of 1 or term of 0 would not show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from byhand.data import Digits, load_digits
from byhand.errors import ByhandError, nearest
from byhand.hands.base import Array
from byhand.models.initial_weights import starting_values
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.training.recipe import Recipe, load_recipe
from byhand.training.recipe_files import shipped

MORE: dict[str, dict[str, Any]] = {
    "tiny-cnn-norm": {"name": "tiny-cnn", "norm": True},
    "small-resnet": {"name": "resnet", "channels": [3, 4], "blocks": 1},
    "small-vit": {
        "name": "vit",
        "patch": 7,
        "width": 8,
        "depth": 1,
        "heads": 2,
        "hidden": 12,
        "stem": 0,
        "dropout": 0.1,
    },
    "bi-gru-norm": {
        "layers": [
            {"kind": "Standardize"},
            {"kind": "Bidirectional", "layers": [{"kind": "Recurrent", "cell": "gru", "hidden": 6}]},
            {"kind": "BatchNorm1d"},
            {"kind": "Residual", "layers": [{"kind": "Linear", "units": 12}, {"kind": "Tanh"}]},
            {"kind": "Linear", "units": 10},
        ]
    },
    "mlp-tanh": {"name": "mlp", "hidden": [32, 16], "activation": "tanh", "smoothing": 0.1},
}
"""Networks with settings that no shipped recipe has, so that every layer and setting is proven."""


@dataclass(frozen=True)
class Subject:
    """A network to prove.

    Attributes
    ----------
    name
        Name in the table.
    spec
        The network.
    """

    name: str
    spec: Spec


def subject(what: str | Path | Recipe | Spec) -> Subject:
    """Find the network to prove.

    Parameters
    ----------
    what
        The name of a shipped recipe (each network of the zoo has one of its name) or of `MORE`, the path of a recipe
        (``x.toml``), a `Recipe`, or a `Spec`.

    Raises
    ------
    ByhandError
        If there is none of that name, or the file is no recipe.
    """
    if isinstance(what, Spec):
        return Subject("network", what)
    if isinstance(what, Recipe):
        recipe = what
    elif str(what) in MORE:
        recipe = Recipe(str(what), network=MORE[str(what)])
    elif str(what) not in shipped() and Path(what).suffix != ".toml":
        known = (*shipped(), *MORE)
        raise ByhandError(
            f"There is no network {str(what)!r}; {nearest(str(what), known)}, or name a recipe file, x.toml.",
            code="prove.unknown_network",
        )
    else:
        recipe = load_recipe(what)
    # A recipe that selects pixels by their variance is given the embedded digits.
    return Subject(recipe.name, recipe.spec(embedded()))


def every() -> list[Subject]:
    """Return the networks of all shipped recipes and of `MORE`, each network once."""
    found: dict[Spec, Subject] = {}
    for name in (*shipped(), *MORE):
        one = subject(name)
        # The recipe with the shortest name stands for its network: `deep-mlp`, not `deep-mlp-rmsprop`.
        if one.spec not in found or len(name) < len(found[one.spec].name):
            found[one.spec] = one
    return sorted(found.values(), key=lambda one: one.spec.size)


@cache
def embedded() -> Digits:
    """Return the digits embedded in scikit-learn, shuffled."""
    digits = load_digits("digits", 0, None).train
    return digits.take(generator(0, "proof", "order").permutation(len(digits)))


def pictures(spec: Spec, count: int, seed: int) -> tuple[Array, Array]:
    """Return digits and their labels; for a network of another input shape, noise and labels in turn."""
    if spec.input_shape == embedded().images.shape[1:] and spec.classes == 10:
        rows = (seed + np.arange(count)) % len(embedded())
        return embedded().images[rows], embedded().labelled()[rows].astype(np.int64)
    draw = generator(seed, "proof", "pictures")
    return draw.integers(0, 256, (count, *spec.input_shape), np.uint8), np.arange(count) % spec.classes


def noisy(spec: Spec, count: int, seed: int) -> tuple[Array, Array]:
    """Return such pictures at half their strength plus noise of the same strength."""
    images, labels = pictures(spec, count, seed)
    noise = generator(seed, "proof", "noise").integers(0, 128, images.shape, np.uint8)
    return images // 2 + noise, labels


def weights(spec: Spec, seed: int) -> dict[str, Array]:
    """Draw weights that hide no mistake: the starting ones, constants moved by up to a fifth."""
    values = starting_values(spec, seed)
    for parameter in (*spec.parameters, *spec.state):
        if parameter.start is not None:
            draw = generator(seed, "proof", "weights", parameter.name)
            values[parameter.name] = values[parameter.name] + draw.uniform(-0.2, 0.2, parameter.shape)
    return values
