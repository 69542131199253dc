"""The weights that ship with byhand: of every network of the zoo, and of the reader.

A file is a checkpoint (`byhand.training.checkpoint`) with values rounded to float16. Its facts are the model's card:
how it was trained, and its accuracy *after* that rounding. `python -m byhand.weights.make` writes them.
"""

from __future__ import annotations

from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byhand.errors import ByhandError, nearest
from byhand.hands import Network, build
from byhand.models.zoo import NETWORKS
from byhand.training.checkpoint import Checkpoint

__all__ = ["card", "checkpoint", "load", "load_run", "load_with_card", "names"]

if TYPE_CHECKING:
    from byhand.training.run import Run

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


def load_run(name: str | Path, hand: str | None = None) -> Run:
    """Load a trained network: a run, or weights that ship with byhand.

    Parameters
    ----------
    name
        The run's folder, or one of `names`. For a folder of such a name, write ``./mlp``.
    hand
        The hand to build the network in. By default the one that trained it, and ``"fast"`` for shipped weights.

    Raises
    ------
    ByhandError
        ``run.not_found`` if there is neither; ``run.damaged`` if one of its files is damaged.
    """
    from byhand.training.recipe import parse_recipe
    from byhand.training.run import Run

    path = Path(name)
    if isinstance(name, Path) or path.name != name:
        return Run.load(path, hand)
    if name in names():
        facts = card(name)
        recipe = parse_recipe(str(facts["recipe_text"]), str(facts["recipe"]))
        return Run(name, recipe, card=facts, hand=hand or "fast", _load_checkpoint=partial(checkpoint, name))
    if not path.is_dir():
        raise ByhandError(
            f"{name!r} is neither the folder of a run nor the name of weights that ship with byhand; "
            f"{nearest(name, names())}.",
            code="run.not_found",
        )
    return Run.load(path, hand)
