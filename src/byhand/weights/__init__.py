"""The weights that ship with byhand: of every network of the zoo, and of the reader.

A file is a checkpoint (`byhand.training.checkpoint`) with values rounded to float16. Its facts are the model's card:
how it was trained, and its accuracy *after* that rounding. `python -m byhand.weights.make` writes them.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from byhand.errors import ByhandError, nearest
from byhand.hands import Network, build
from byhand.models.zoo import NETWORKS
from byhand.training.checkpoint import Checkpoint

__all__ = ["card", "checkpoint", "load", "load_with_card", "names"]

SUFFIX = ".safetensors"


def names() -> tuple[str, ...]:
    """Names of the networks with shipped weights: those of the zoo in its order, then others."""
    files = resources.files("byhand.weights").iterdir()
    found = [file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX)]
    order = [*NETWORKS]
    return tuple(sorted(found, key=lambda name: (order.index(name) if name in order else len(order), name)))


def load(name: str, hand: str = "fast", *, dtype: str = "float32", device: str = "cpu") -> Network:
    """Build a network with shipped weights.

    Parameters
    ----------
    name
        One of `names`.
    hand, dtype, device
        As in `byhand.hands.build`.

    Returns
    -------
    Network
        A new, trained network.

    Raises
    ------
    ByhandError
        ``weights.not_found`` if there are no such weights; or if the hand cannot be built.
    """
    return load_with_card(name, hand, dtype=dtype, device=device)[0]


def load_with_card(
    name: str, hand: str = "fast", *, dtype: str = "float32", device: str = "cpu"
) -> tuple[Network, dict[str, Any]]:
    """Do what `load` and `card` do, reading the file once."""
    saved = checkpoint(name)
    network = build(saved.spec, hand, dtype=dtype, device=device)
    network.load(saved.values)
    return network, saved.facts


def card(name: str) -> dict[str, Any]:
    """Describe shipped weights.

    Parameters
    ----------
    name
        One of `names`.

    Returns
    -------
    dict
        ``name``, ``parameters``, ``test_accuracy`` (0 to 1, of the shipped weights), ``recipe``, ``seed``, ``data``,
        ``command`` (which trains them again), ``version`` and more. For the reader also ``temperature`` and
        ``threshold`` (`byhand.weights.calibration`), and ``test_accuracy_of_all_classes``, in which a test digit taken
        for a non-digit is wrong; ``test_accuracy`` takes the most probable of the ten digits.

    Raises
    ------
    ByhandError
        ``weights.not_found`` if there are no such weights.
    """
    return checkpoint(name).facts


def checkpoint(name: str) -> Checkpoint:
    """Load the file of shipped weights."""
    known = names()
    if name not in known:
        raise ByhandError(f"There are no shipped weights {name!r}; {nearest(name, known)}.", code="weights.not_found")
    with resources.as_file(resources.files("byhand.weights") / f"{name}{SUFFIX}") as path:
        return Checkpoint.load(Path(path))
