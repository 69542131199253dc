"""Atomic writes: a file is written under a temporary name and renamed, so a reader sees the old file or the new one."""

from __future__ import annotations

import json
import os
import secrets
import stat
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from byhand.errors import ByhandError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Replace a file atomically: the block writes a temporary file, which is renamed to `path` if the block succeeds.

    Parameters
    ----------
    path
        The file to write. Its folder is created if missing.

    Yields
    ------
    Path
        An empty temporary file in the same folder with the same suffix; removed if the block fails.

    Raises
    ------
    ByhandError
        If the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
        # os.open and not tempfile, whose files only the owner can read.
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); choose a writable folder.", code="io.cannot_write"
        ) from problem
    mode = stat.S_IMODE(os.fstat(handle).st_mode)
    os.close(handle)
    try:
        yield temporary
        temporary.chmod(mode)
        # Open for writing, because Windows does not sync a file that is open for reading only.
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as problem:
        # An error about another file comes from the block itself.
        if str(problem.filename or temporary) != str(temporary):
            raise
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); free some space or choose another folder.",
            code="io.cannot_write",
        ) from problem
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write a JSON file atomically, indented and with a final newline."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


class _Silence:
    lock = threading.Lock()
    count = 0
    filters = ExitStack()


@contextmanager
def silent_warnings() -> Iterator[None]:
    """Hide Python's warnings while the block runs, in any number of threads.

    `warnings.catch_warnings` changes the filters of the whole process: threads that leave it in another order than they
    entered would leave wrong filters behind. Here the first thread sets the filter and the last one restores it.
    """
    with _Silence.lock:
        if not _Silence.count:
            _Silence.filters.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _Silence.count += 1
    try:
        yield
    finally:
        with _Silence.lock:
            _Silence.count -= 1
            if not _Silence.count:
                _Silence.filters.close()
