"""Logs of one JSON object a line: readable after a kill, and cut back by a run that goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from byhand.errors import ByhandError
from byhand.io import write_text


def append(path: Path, entry: dict[str, Any]) -> None:
    """Write one line.

    Raises
    ------
    ByhandError
        If the disk is full, or the file may not be written.
    """
    try:
        with path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be written ({problem.strerror}); free some space and go on by --resume {path.parent}."
        ) from problem


def read(path: Path) -> list[dict[str, Any]]:
    """Read all whole lines; the last may have been cut off by a kill."""
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [dict(json.loads(line)) for line in lines if line.endswith("\n")]
    except (OSError, ValueError, TypeError) as problem:
        raise ByhandError(f"{path} is damaged; train the run again.") from problem


def cut(path: Path, length: int) -> list[dict[str, Any]]:
    """Keep the first `length` lines, and give them."""
    entries = read(path)[:length]
    write_text(path, "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
    return entries
