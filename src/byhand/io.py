"""Files are written beside their place and renamed into it: a reader sees the old file or the new one, never a half."""

from __future__ import annotations

import json
import os
import secrets
import stat
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
        beside = path.with_name(f".{path.stem}-{secrets.token_hex(8)}{path.suffix}")
        # Made as any new file is, so that its permissions are those of any new file.
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); choose a folder that you may write to."
        ) from problem
    mode = stat.S_IMODE(os.fstat(handle).st_mode)
    os.close(handle)
    try:
        yield beside
        beside.chmod(mode)
        # Open for writing: Windows syncs no file that is open for reading alone.
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.replace(path)
    except OSError as problem:
        # The block may have failed over another file, which is not for us to tell.
        if str(problem.filename or beside) != str(beside):
            raise
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); free some space or choose another folder."
        ) from problem
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file in one step."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write a JSON file in one step, indented and with a newline at its end."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
