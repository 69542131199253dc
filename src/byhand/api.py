"""The Python face of the project: what ``import byhand`` offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byhand.data import load_digits
from byhand.report.console import Terminal
from byhand.training.display import Display
from byhand.training.recipe import Recipe, load_recipe
from byhand.training.runs import Run, load_run, start

__all__ = ["load_digits", "load_run", "train"]


def train(
    recipe: str | Path | Recipe,
    *,
    data: str | None = None,
    split: str | None = None,
    name: str | None = None,
    runs: str | Path = "runs",
    offline: bool = False,
    show: bool = True,
    **settings: Any,
) -> Run:
    """Train a network.

    Parameters
    ----------
    recipe
        A shipped recipe's name (``"mlp"``), the path of one's own, or a `Recipe`.
    data, split
        Digits to use and how to split them, as in `load_digits`; the recipe's, unless told.
    name, runs
        The run's name and the folder where runs lie.
    offline
        Download nothing.
    show
        Print the parameter table and a line an epoch.
    settings
        Any setting of the recipe: ``hand="torch"``, ``epochs=3``, ``hidden=[512, 256]``, ``lr=0.01``.

    Returns
    -------
    Run
        With ``accuracy``, ``network``, ``results``, ``log`` and ``path``.

    Raises
    ------
    ByhandError
        If a setting is unknown, the data cannot be had, or the loss is no longer a number.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    terminal = Terminal() if show else None
    try:
        return start(
            chosen.having(**settings).on(name=data, split=split),
            Path(runs),
            name,
            offline=offline,
            display=terminal or Display(),
        )
    finally:
        if terminal is not None:
            terminal.close()
