"""Recognising a file of digits by its content, whatever it is called."""

from __future__ import annotations

from pathlib import Path

from byhand.data.digits import Dataset
from byhand.data.formats import idx


def read(path: str | Path) -> Dataset:
    """Read."""
    path = Path(path)
    return idx.read_files(sorted(path.glob("*-ubyte*")), path.name, str(path))
