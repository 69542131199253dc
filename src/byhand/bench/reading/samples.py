"""A folder of pictures with a ``labels.csv``: path, label, kind and source of each.

A label is the text that is written: ``7``, ``1572``, or ``1572 43890`` for two lines. The source names the author, so
that one who gave many pictures does not outweigh the others.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from byhand.errors import ByhandError

TABLE = "labels.csv"
COLUMNS = ("path", "label", "kind", "source")


@dataclass(frozen=True)
class Sample:
    """A picture and what is written in it.

    Attributes
    ----------
    path
        The picture.
    name
        Its path as in the table.
    label
        What is written, lines separated by spaces.
    kind, source
        As in the table.
    """

    path: Path
    name: str
    label: str
    kind: str
    source: str

    @property
    def single(self) -> bool:
        """Whether it is one digit."""
        return len(self.label) == 1


def load_samples(folder: Path) -> list[Sample]:
    """Read a folder's table.

    Raises
    ------
    ByhandError
        If it is missing or empty or lacks a column, a label has no digits, or a picture lies outside the folder.
    """
    table = folder / TABLE
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8"
        raise ByhandError(
            f"{table} cannot be read ({reason}); expected a CSV file with the columns {', '.join(COLUMNS)}.",
            code="samples.unreadable",
        ) from problem
    rows = csv.DictReader(text.splitlines())
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ByhandError(
            f"{table} has no column {missing[0]!r}; expected {', '.join(COLUMNS)}.", code="samples.column"
        )
    samples = [_sample(folder, row, f"{table}, line {rows.line_num}") for row in rows]
    if not samples:
        raise ByhandError(f"{table} lists no pictures; add a line for each.", code="samples.none")
    return samples


def _sample(folder: Path, row: dict[str, str], where: str) -> Sample:
    name, label, kind, source = ((row[column] or "").strip() for column in COLUMNS)
    words = label.split()
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        raise ByhandError(f"{where} has the label {label!r}, expected digits.", code="samples.label")
    if not name or ".." in Path(name).parts or Path(name).is_absolute():
        raise ByhandError(f"{where} has the path {name!r}, expected one inside the folder.", code="samples.path")
    return Sample(folder / name, name, " ".join(words), kind or "picture", source or "unknown")
