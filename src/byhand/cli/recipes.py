"""List the shipped recipes: what each trains, and how.

byhand recipes
byhand recipes --json
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from byhand.models.spec import Spec
    from byhand.training.recipe import Recipe

HIDDEN_SETTINGS = ("name", "mean", "std", "loss", "init", "smoothing", "min_variance", "layers", "input_shape")
"""Settings of a network that its line leaves out."""
HEADS = ("recipe", "network", "parameters", "optimizer", "lr", "batch", "epochs", "about")
WRAPPED = ("network", "parameters", "lr", "about")
WIDE = 150
"""Columns of a terminal that fits the whole table."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """List."""
    import json

    from byhand.training.recipe import load_recipe
    from byhand.training.recipe_files import shipped

    entries = [entry(load_recipe(name)) for name in shipped()]
    if arguments.json:
        print(json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _tabulate(entries)
    return 0


def entry(recipe: Recipe) -> dict[str, Any]:
    """Describe a recipe in JSON values.

    Returns
    -------
    dict
        ``parameters`` is ``None`` if the training digits determine the pixels that are kept (``by_data``) or a sweep
        tries several sizes; ``lr`` is ``None`` with a line search; ``batch_size`` 0 means all digits; ``sweep`` maps
        settings to the values that are tried.
    """
    config, spec = recipe.config, spec_without_data(recipe)
    return {
        "name": recipe.name,
        "network": described(recipe),
        "parameters": spec.size if spec is not None and not _resizes(recipe) else None,
        "by_data": spec is None,
        "optimizer": config.optimizer,
        "lr": None if config.full_batch else config.lr,
        "batch_size": 0 if config.full_batch else config.batch_size,
        "epochs": config.epochs,
        "sweep": {key: list(values) for key, values in recipe.sweep.items()},
        "about": first_sentence(recipe.description),
    }


def spec_without_data(recipe: Recipe) -> Spec | None:
    """Build a recipe's spec; ``None`` if the training digits determine the pixels that are kept."""
    import numpy as np

    from byhand.data import Digits
    from byhand.data.digits import SIDE

    if "min_variance" in recipe.network:
        return None
    return recipe.spec(Digits(np.zeros((1, SIDE, SIDE), np.uint8), None, "no digits", "none"))


def described(recipe: Recipe) -> str:
    """Name a recipe's network and its sizes: ``mlp, hidden 512-256-128``; swept sizes by the first and the last."""
    words = [str(recipe.network.get("name", "own layers"))]
    swept = {key: values for key, values in recipe.sweep.items() if key not in type(recipe.config).defaults()}
    for key, value in {**recipe.network, **swept}.items():
        if key in HIDDEN_SETTINGS:
            continue
        if key in swept:
            words.append(f"{key} {_shown(recipe.sweep[key][0])} to {_shown(recipe.sweep[key][-1])}")
        elif value is True:
            words.append(key)
        else:
            words.append(f"{key} {_shown(value)}")
    return ", ".join(words)


def first_sentence(text: str) -> str:
    """Return the first sentence of a recipe's description, on one line."""
    # A full stop ends a sentence if a capital or a backtick follows: not in "vs. 3".
    return re.split(r"(?<=[.!?])\s+(?=[A-Z`])", " ".join(text.split()), maxsplit=1)[0]


def _resizes(recipe: Recipe) -> bool:
    """Whether the variants of a sweep differ in their number of parameters."""
    return len({spec.size for _, variant in recipe.variants() if (spec := spec_without_data(variant))}) > 1


def _shown(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _tabulate(entries: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from byhand.viz.console import print_table

    console = Console()
    # A narrow terminal would break the descriptions into single words: there they follow in a second table.
    narrow = console.is_terminal and console.width < WIDE
    for shown in [HEADS[:-1], (HEADS[0], HEADS[-1])] if narrow else [HEADS]:
        table = Table(box=None, pad_edge=False)
        for head in shown:
            numbers = head in ("parameters", "lr", "batch", "epochs")
            table.add_column(head, justify="right" if numbers else "left", no_wrap=head not in WRAPPED)
        for one in entries:
            varies = "depends on the data" if one["by_data"] else "varies"
            cells = one | {
                "recipe": one["name"],
                "parameters": varies if one["parameters"] is None else f"{one['parameters']:,}",
                "lr": "searched" if one["lr"] is None else f"{one['lr']:g}",
                "batch": one["batch_size"] or "all",
            }
            table.add_row(*(str(cells[head]) for head in shown))
        print_table(table)
