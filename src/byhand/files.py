"""Files are written beside their place and renamed into it: a reader sees the old file or the new one, never a half."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from byhand.errors import ByhandError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well, and is removed otherwise.

    Parameters
    ----------
    path
        The file to write. Its folder is made when missing.

    Yields
    ------
    Path
        An empty file with the same suffix, to be written by the block.

    Raises
    ------
    ByhandError
        If the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); choose a folder that you may write to."
        ) from problem
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(path)
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); free some space or choose another folder."
        ) from problem
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file in one step."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write a JSON file in one step, indented and with a newline at its end."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
