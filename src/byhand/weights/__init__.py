"""The weights that come with byhand: of every network of the zoo, to look inside, and of the one that reads.

A file is a checkpoint (`byhand.training.checkpoint`) whose values are rounded to float16 and whose facts are its card:
what it was trained by and on, and what it reaches *after* that rounding. `python -m byhand.weights.make` writes them.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from byhand.errors import ByhandError, nearest
from byhand.hands import Network, build
from byhand.models.zoo import NETWORKS
from byhand.training.checkpoint import Checkpoint

__all__ = ["card", "load", "load_with_card", "names"]

SUFFIX = ".safetensors"


def names() -> tuple[str, ...]:
    """Names of the networks whose weights come with byhand, those of the zoo first, in its order."""
    files = resources.files("byhand.weights").iterdir()
    found = [file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX)]
    order = [*NETWORKS]
    return tuple(sorted(found, key=lambda name: (order.index(name) if name in order else len(order), name)))


def load(name: str, hand: str = "fast", *, dtype: str = "float32", device: str = "cpu") -> Network:
    """Build a network with the weights that come with byhand.

    Parameters
    ----------
    name
        One of `names`.
    hand, dtype, device
        As in `byhand.hands.build`.

    Returns
    -------
    Network
        Trained, and the caller's own.

    Raises
    ------
    ByhandError
        If there are no such weights, or the hand cannot be built.
    """
    return load_with_card(name, hand, dtype=dtype, device=device)[0]


def load_with_card(
    name: str, hand: str = "fast", *, dtype: str = "float32", device: str = "cpu"
) -> tuple[Network, dict[str, Any]]:
    """Do what `load` and `card` do, and read the file once."""
    saved = checkpoint(name)
    network = build(saved.spec, hand, dtype=dtype, device=device)
    network.load(saved.values)
    return network, saved.facts


def card(name: str) -> dict[str, Any]:
    """Tell what is known about shipped weights.

    Parameters
    ----------
    name
        One of `names`.

    Returns
    -------
    dict
        ``name``, ``parameters``, ``test_accuracy`` (0 to 1, of the weights as they are shipped), ``recipe``, ``seed``,
        ``data``, ``command`` (which trains them again), ``version`` and more. Of the network that reads also
        ``temperature`` and ``threshold`` (`byhand.weights.calibration`), and ``test_accuracy_of_all_classes``, which
        counts a test digit that it takes for a non-digit as wrong; ``test_accuracy`` asks which of the ten it reads.

    Raises
    ------
    ByhandError
        If there are no such weights.
    """
    return checkpoint(name).facts


def checkpoint(name: str) -> Checkpoint:
    """Load the file of shipped weights."""
    known = names()
    if name not in known:
        raise ByhandError(f"No weights {name!r} come with byhand; {nearest(name, known)}.")
    with resources.as_file(resources.files("byhand.weights") / f"{name}{SUFFIX}") as path:
        return Checkpoint.load(Path(path))
