"""Runs: a recipe trained, with a folder that holds everything about it.

::

    runs/<name>/
        recipe.toml              what was asked for
        environment.json         on what it is computed, and where its digits came from
        log.jsonl                what each epoch measured: the same seed gives the same bytes
        times.jsonl              seconds of each epoch and when it ended, which no seed repeats
        checkpoint.safetensors   weights, the optimiser's memory, the spec
        results.json             written last: a run that has it is done

A run that is killed goes on from its checkpoint (`resume`) and ends with the same bytes in log, weights and results
as one that was not. Full-batch methods keep what they remember inside SciPy and begin anew, to the same end.
"""

from __future__ import annotations

from pathlib import Path

from byhand.data import Splits
from byhand.errors import ByhandError
from byhand.hands import build
from byhand.training import log
from byhand.training.callbacks import Callback
from byhand.training.checkpoint import Checkpoint
from byhand.training.folder import (
    CHECKPOINT,
    ENVIRONMENT,
    LOCK,
    LOG,
    RECIPE,
    RESULTS,
    TIMES,
    claimed,
    held,
    read_json,
    recipe_of,
)
from byhand.training.recipe import Recipe
from byhand.training.session import Job, Run, began, fingerprint

__all__ = [
    "CHECKPOINT",
    "ENVIRONMENT",
    "LOG",
    "RECIPE",
    "RESULTS",
    "TIMES",
    "Run",
    "fingerprint",
    "load_run",
    "resume",
    "start",
]


def start(
    recipe: Recipe,
    folder: Path,
    name: str | None = None,
    *,
    offline: bool = False,
    display: Callback | None = None,
    splits: Splits | None = None,
) -> Run:
    """Train a recipe in a new folder.

    Parameters
    ----------
    recipe
        What to train; without a sweep.
    folder
        Where runs lie.
    name
        The run's name; without one, the recipe's and the hand's, with a number if there is such a run.
    offline
        Download no data.
    display
        Told how it goes.
    splits
        The recipe's digits, from a caller who has loaded them.

    Raises
    ------
    ByhandError
        If the recipe sweeps, the run's name is taken, the data cannot be had, or the loss is no longer a number.
    """
    if recipe.sweep:
        raise ByhandError(
            f"The recipe {recipe.name!r} sweeps {' and '.join(recipe.sweep)}, which makes many runs; "
            f"set each to one value, or train it by `byhand train {recipe.name}`."
        )
    # Everything that can be wrong with what was asked for is found out before a folder is made.
    job = Job.prepared(recipe, offline, display or Callback(), splits=splits)
    path = claimed(folder, name, f"{recipe.name}-{recipe.config.hand}", recipe, job.environment)
    with held(path):
        return job.run(path)


def resume(path: Path, *, offline: bool = False, display: Callback | None = None, splits: Splits | None = None) -> Run:
    """Go on with a run that was interrupted; one that is done is loaded.

    `splits` are its recipe's digits, from a caller who has loaded them.

    Raises
    ------
    ByhandError
        If there is no such run, another process works on it, or its recipe, data or device are not those it began
        with.
    """
    path, display = Path(path), display or Callback()
    recipe = recipe_of(path)
    if not (path / RESULTS).exists() or (path / LOCK).exists():
        with held(path):
            # Another process may have finished it just now, or been killed between its last file and its lock.
            if not (path / RESULTS).exists():
                return Job.prepared(recipe, offline, display, began(path), splits).run(path)
    run = load_run(path)
    display.note(f"{path} is done; nothing is left to train.")
    return run


def load_run(path: str | Path, hand: str | None = None) -> Run:
    """Load a run.

    Parameters
    ----------
    path
        The run's folder.
    hand
        The hand to build the network in; the one that trained it, unless told.

    Raises
    ------
    ByhandError
        If the folder holds no run, or a damaged one.
    """
    path = Path(path)
    recipe = recipe_of(path)
    saved = Checkpoint.load(path / CHECKPOINT)
    network = build(saved.spec, hand or recipe.config.hand, dtype=recipe.config.dtype)
    network.load(saved.values)
    return Run(path, recipe, network, read_json(path / RESULTS), log.read(path / LOG), log.read(path / TIMES))
