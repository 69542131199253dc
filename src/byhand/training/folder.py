"""A run's folder: what lies in it, how it appears whole, and that one process alone works in it."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from byhand.errors import ByhandError
from byhand.io import write_json, write_text
from byhand.training.recipe import Recipe, parse_recipe

RECIPE, ENVIRONMENT, LOG, TIMES, CHECKPOINT, RESULTS = (
    "recipe.toml",
    "environment.json",
    "log.jsonl",
    "times.jsonl",
    "checkpoint.safetensors",
    "results.json",
)
LOCK = ".lock"
"""Held while a process works in the folder; gone when it is done, unless it was killed."""

FORSAKEN = 60.0
"""Seconds after which a folder that has not come to its place is one that a kill left behind: it takes milliseconds."""


def claimed(folder: Path, name: str | None, default: str, recipe: Recipe, environment: Mapping[str, Any]) -> Path:
    """Make the run's folder, which no other run has, with what was asked for and on what it is computed.

    It is filled beside its place and renamed into it, so that no kill leaves a folder without a recipe.
    """
    beside = None
    path = folder / (name or default)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clean(folder)
        beside = folder / f".run-{secrets.token_hex(8)}"
        beside.mkdir()
        write_text(beside / RECIPE, recipe.to_toml())
        write_json(beside / ENVIRONMENT, dict(environment))
        number = 1
        while not _took(beside, path):
            if name:
                raise ByhandError(
                    f"There is a run {path} already; go on with it by --resume {path}, or choose another --name."
                )
            number += 1
            path = folder / f"{default}-{number}"
    except FileExistsError:
        raise ByhandError(f"{folder} is in the way of a folder; choose another --runs.") from None
    except OSError as problem:
        raise ByhandError(f"The folder {path} cannot be made ({problem.strerror}); choose another --runs.") from problem
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
    return path


def _took(beside: Path, path: Path) -> bool:
    """Rename a folder into its place, unless something is there; a folder that holds nothing is no run."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        return False
    try:
        beside.rename(path)
    except OSError:
        if path.exists():
            return False
        raise
    return True


def _clean(folder: Path) -> None:
    """Remove what a kill left before its folder came to its place."""
    for left in folder.glob(".run-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > FORSAKEN:
                shutil.rmtree(left)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep other processes out of a run's folder while the block works in it.

    Raises
    ------
    ByhandError
        If another process works there, or the folder cannot be written.
    """
    lock = FileLock(path / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ByhandError(f"Another process is at work on {path}; wait until it is done, or stop it.") from None
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); choose a folder that you may write to."
        ) from problem
    try:
        yield
    finally:
        # Removed while it is held: whoever comes now makes a lock of its own and finds this work done.
        with contextlib.suppress(OSError):
            (path / LOCK).unlink(missing_ok=True)
        lock.release()


def remove_torn(path: Path) -> None:
    """Remove the parts of files that a kill in the middle of writing left beside their places."""
    for name in (RECIPE, ENVIRONMENT, LOG, TIMES, CHECKPOINT, RESULTS):
        for torn in path.glob(f".{Path(name).stem}-*{Path(name).suffix}"):
            torn.unlink()


def recipe_of(path: Path) -> Recipe:
    """Read what a run was asked for.

    Raises
    ------
    ByhandError
        If the folder is not a run's.
    """
    try:
        text = (path / RECIPE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        if next(path.glob(f"*/{RECIPE}"), None) is not None:
            raise ByhandError(
                f"{path} holds runs, each in a folder of its own; name one of them, "
                "or repeat the command that began them, which goes on where it was."
            ) from problem
        raise ByhandError(f"{path} is not the folder of a run; it should hold {RECIPE}.") from problem
    return parse_recipe(text, path.name)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of a run; one that is not there is empty.

    Raises
    ------
    ByhandError
        If it is damaged.
    """
    try:
        values: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return dict(values)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as problem:
        raise ByhandError(f"{path} is damaged; train the run again.") from problem
