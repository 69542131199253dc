"""The files in a run's folder: how the folder is made in one step, locked by one process, logged to and cleaned up."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from byhand.errors import ByhandError
from byhand.io import write_json, write_text

if sys.platform != "win32":
    import fcntl

RECIPE = "recipe.toml"
ENVIRONMENT = "environment.json"
LOG = "log.jsonl"
TIMES = "times.jsonl"
CHECKPOINT = "checkpoint.safetensors"
RESULTS = "results.json"
Content = TypeVar("Content")
LOCK = ".lock"
"""Locked while a process trains the run; removed when it is done, unless it was killed."""

STALE_SECONDS = 60.0
"""Age after which a partial file or folder was left by a killed process: writing one takes milliseconds."""

LOCK_SECONDS = 1.0
"""How long to wait for the lock: `is_locked` holds a shared one for microseconds."""


def create_folder(folder: Path, name: str | None, default: str, recipe: str, environment: Mapping[str, Any]) -> Path:
    """Make a new run's folder with its recipe and environment.

    It is filled under a temporary name and renamed, so that a kill leaves no folder without a recipe.

    Parameters
    ----------
    folder
        Where runs are kept.
    name, default
        The run's name; without one, `default`, with a number if there is such a run.
    recipe, environment
        What to write into it.

    Raises
    ------
    ByhandError
        ``run.exists`` if the name is taken, ``run.not_writable``.
    """
    temporary = None
    path = folder / (name or default)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_stale_folders(folder)
        temporary = folder / f".run-{secrets.token_hex(8)}"
        temporary.mkdir()
        write_text(temporary / RECIPE, recipe)
        write_json(temporary / ENVIRONMENT, dict(environment))
        number = 1
        while not _rename(temporary, path):
            if name:
                raise ByhandError(
                    f"There is a run {path} already; resume it by --resume {path}, replace it by --force, or choose "
                    "another --name.",
                    code="run.exists",
                )
            number += 1
            path = folder / f"{default}-{number}"
    except FileExistsError:
        raise ByhandError(f"{folder} is not a folder; choose another --runs.", code="run.not_writable") from None
    except OSError as problem:
        raise ByhandError(
            f"The folder {path} cannot be made ({problem.strerror}); choose another --runs.", code="run.not_writable"
        ) from problem
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return path


def valid_name(name: str) -> str:
    """Return a run's name if it names a folder directly in the folder of all runs.

    Raises
    ------
    ByhandError
        ``run.invalid_name``.
    """
    if not name or not name.isprintable() or name.startswith(".") or set(name) & set("/\\:") or name.endswith(".new"):
        raise ByhandError(
            f"A run cannot be named {name!r}; expected a name without /, not starting with a dot and not "
            "ending in .new (--runs names another folder).",
            code="run.invalid_name",
        )
    return name


def _rename(temporary: Path, path: Path) -> bool:
    """Rename a folder unless `path` exists; an empty folder is replaced."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        return False
    try:
        temporary.rename(path)
    except OSError:
        if path.exists():
            return False
        raise
    return True


def _remove_stale_folders(folder: Path) -> None:
    for left in folder.glob(".run-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from training a run while the block does.

    Raises
    ------
    ByhandError
        ``run.busy`` if another process trains it, ``run.not_writable``.
    """
    lock = FileLock(path / LOCK)
    try:
        lock.acquire(timeout=LOCK_SECONDS, poll_interval=0.005)
    except Timeout:
        raise ByhandError(
            f"Another process is training {path}; wait until it is done, or stop it.", code="run.busy"
        ) from None
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); choose a folder that you may write to.",
            code="run.not_writable",
        ) from problem
    try:
        yield
    finally:
        # Removed while it is locked: the next process makes a new one and finds this work done.
        with contextlib.suppress(OSError):
            (path / LOCK).unlink(missing_ok=True)
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether a process is training the run in this folder.

    Asking takes a shared lock for microseconds, so that any number of processes may ask at once, and `locked` waits
    for longer than that. (Windows has no shared lock; there the exclusive one is tried.)
    """
    if not (path / LOCK).exists():
        return False
    if sys.platform == "win32":
        lock = FileLock(path / LOCK)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            return True
        lock.release()
        return False
    try:
        with (path / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def remove_partial_files(path: Path) -> None:
    """Remove the parts of files that a killed process left in a run's folder.

    Those of the run's own files only the process that trains it writes; others, such as reports, must be old.
    """
    own = {Path(name).stem for name in (RECIPE, ENVIRONMENT, LOG, TIMES, CHECKPOINT, RESULTS)}
    for file in path.glob(".*"):
        # `byhand.io.replacing` writes .NAME-0123456789abcdef.SUFFIX, safetensors .tmpABCDEF.
        if match := re.fullmatch(r"\.(?:(.+)-[0-9a-f]{16}(?:\.\w+)?|tmp\w*)", file.name):
            with contextlib.suppress(OSError):
                if match[1] in (None, *own) or time.time() - file.stat().st_mtime > STALE_SECONDS:
                    file.unlink()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a run; empty if there is no such file.

    Raises
    ------
    ByhandError
        ``run.damaged``.
    """
    return _parse(path, lambda text: dict(json.loads(text)), {})


def read_results(path: Path) -> dict[str, Any]:
    """Read the results in a run's folder; empty if it is not done.

    Raises
    ------
    ByhandError
        ``run.damaged`` if the file lacks what every run's results have.
    """
    file = path / RESULTS
    if not file.exists():
        return {}
    try:
        results = read_json(file)
        _ = float(results["test"]["accuracy"]), int(results["epochs"]), int(results["parameters"])
    except (ByhandError, KeyError, TypeError, ValueError) as problem:
        raise ByhandError(
            f"{file} is damaged; delete it and complete the run by `byhand train --resume {path}`.", code="run.damaged"
        ) from problem
    return results


def read_environment(path: Path) -> dict[str, Any]:
    """Read the environment in which a run began; empty if it was killed before that was written."""
    values = read_json(path / ENVIRONMENT)
    expected = {"threads": int, "device": str} | ({"source": str} if "source" in values else {})
    if values and any(type(values.get(name)) is not kind for name, kind in expected.items()):
        raise ByhandError(f"{path / ENVIRONMENT} is damaged; train the run again.", code="run.damaged")
    return values


def _parse(path: Path, parse: Callable[[str], Content], missing: Content) -> Content:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return missing
    except (OSError, KeyError, ValueError, TypeError, RecursionError) as problem:
        raise ByhandError(f"{path} is damaged; train the run again.", code="run.damaged") from problem


def append_log(path: Path, entry: Mapping[str, Any]) -> None:
    """Append one JSON object to a log as a line.

    Raises
    ------
    ByhandError
        ``run.not_writable`` if the disk is full, or the file may not be written.
    """
    try:
        with path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); free some space and resume by --resume {path.parent}.",
            code="run.not_writable",
        ) from problem


def read_log(path: Path, *numbers: str) -> list[dict[str, Any]]:
    """Read the complete lines of a log, each of which must have these `numbers`; a kill may have cut off the last."""

    def parse(text: str) -> list[dict[str, Any]]:
        # What follows the last line feed is incomplete.
        entries = [dict(json.loads(line)) for line in text.split("\n")[:-1]]
        _ = [float(entry[name]) for entry in entries for name in numbers]
        return entries

    return _parse(path, parse, [])


def truncate_log(path: Path, length: int, *numbers: str) -> list[dict[str, Any]]:
    """Keep the first `length` lines of a log, and return them; each must have these `numbers`."""
    entries = read_log(path, *numbers)[:length]
    write_text(path, "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
    return entries
