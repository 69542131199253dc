"""Running again: a finished run that is trained further, or replaced by a new one of the same name."""

from __future__ import annotations

import shutil
from pathlib import Path

from byhand.errors import ByhandError
from byhand.io import write_text
from byhand.training import folder as files
from byhand.training.checkpoint import Checkpoint
from byhand.training.config import SCHEDULES_OF_LENGTH
from byhand.training.folder import CHECKPOINT, LOG, RECIPE, RESULTS
from byhand.training.recipe import Recipe
from byhand.training.run import Run

SUFFIX = ".new"
"""Of the folder of a run that will replace another when it is done."""


def with_epochs(path: Path, recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe of a locked run with another number of epochs, if the run can be trained for that many in all.

    Parameters
    ----------
    path, recipe
        The run's folder and the recipe there.
    epochs
        The number of epochs in all.

    Raises
    ------
    ByhandError
        ``run.fixed_length`` if the run would not be that of the recipe with so many epochs.
    """
    changed = recipe.with_settings(epochs=epochs)
    config = changed.config
    done = len(files.read_log(path / LOG))
    if config.schedule in SCHEDULES_OF_LENGTH:
        raise ByhandError(
            f"The {config.schedule} schedule of {path} depends on the number of epochs, {recipe.config.epochs}, "
            f"from its first step on; train a new run with --epochs {epochs} (--force replaces this one).",
            code="run.fixed_length",
        )
    if epochs < done and not config.full_batch:
        raise ByhandError(
            f"{path} is trained for {done} epochs already; expected --epochs {done} or more.",
            code="run.fixed_length",
        )
    results = files.read_results(path)
    if results and config.patience and not config.full_batch:
        best = Checkpoint.load(path / CHECKPOINT, arrays=False).facts.get("best_epoch")
        if results.get("stopped_early") or (best is not None and best != done - 1):
            raise ByhandError(
                f"{path} has kept the weights of its best epoch (patience = {config.patience}) and not its last "
                f"ones, so it cannot be trained further; train a new run with --epochs {epochs} (--force replaces "
                "this one).",
                code="run.fixed_length",
            )
    return changed


def reopen(path: Path, recipe: Recipe) -> None:
    """Put a changed recipe into a locked run's folder, so that the run is no longer done."""
    # In this order: a kill in between leaves a run that is done, or one that is interrupted.
    write_text(path / RECIPE, recipe.to_toml())
    (path / RESULTS).unlink(missing_ok=True)


def prepare_replacement(folder: Path, name: str) -> str:
    """Return the name under which a run that replaces another is trained: its own if there is no other.

    What an earlier attempt has left there is removed.

    Raises
    ------
    ByhandError
        ``run.exists`` if the name is that of something else than a run, ``run.busy`` if a process trains it.
    """
    path = folder / name
    if not path.exists() and not path.is_symlink():
        return name
    for old in (path, folder / f"{name}{SUFFIX}"):
        if old.is_symlink() or (old.exists() and not (old / RECIPE).is_file()):
            raise ByhandError(f"{old} is not the folder of a run; choose another --name.", code="run.exists")
        if files.is_locked(old):
            raise ByhandError(f"Another process is training {old}; wait until it is done, or stop it.", code="run.busy")
    shutil.rmtree(folder / f"{name}{SUFFIX}", ignore_errors=True)
    return f"{name}{SUFFIX}"


def finish_replacement(run: Run) -> Run:
    """Let a finished run take the place of the one that it replaces; any other run stays where it is."""
    path = run.folder
    if path.suffix != SUFFIX or not run.results:
        return run
    final = path.with_suffix("")
    aside = path.with_name(f".run-{final.name}")
    if (final / RECIPE).is_file() and not files.is_locked(final):
        shutil.rmtree(aside, ignore_errors=True)
        final.rename(aside)
    if not final.exists():
        path.rename(final)
        run.path, run.name = final, str(final)
    shutil.rmtree(aside, ignore_errors=True)
    return run
