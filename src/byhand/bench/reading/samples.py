"""A folder of pictures with a ``labels.csv``: path, label, kind and source of each.

A label is the text that is written: ``7``, ``1572``, or ``1572 43890`` where there are two lines. The source tells the
author, so that one who gave many pictures does not outweigh the others.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from byhand.errors import ByhandError

LABELS = "labels.csv"
COLUMNS = ("path", "label", "kind", "source")
MOST = 1_000_000


@dataclass(frozen=True)
class Sample:
    """A picture and what is written in it.

    Attributes
    ----------
    path
        The picture.
    name
        Its path as the table has it.
    label
        What is written, lines parted by spaces.
    kind, source
        As the table has them.
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
        If there is none, it lacks a column, a label is no digits, or a picture lies outside the folder.
    """
    table = folder / LABELS
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8"
        raise ByhandError(
            f"{table} cannot be read ({reason}); name a folder with pictures and a {LABELS} of the columns "
            f"{', '.join(COLUMNS)}."
        ) from problem
    rows = csv.DictReader(text.splitlines())
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ByhandError(f"{table} has no column {missing[0]!r}, expected {', '.join(COLUMNS)}; add it.")
    samples = [_sample(folder, row, f"{table}, line {rows.line_num}") for row in rows]
    if not samples:
        raise ByhandError(f"{table} lists no pictures, expected a line for each; add them.")
    return samples


def _sample(folder: Path, row: dict[str, str], where: str) -> Sample:
    values = [(row[column] or "").strip() for column in COLUMNS]
    name, label, kind, source = values
    words = label.split()
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        raise ByhandError(f"{where} has the label {label!r}, expected digits; write what the picture shows.")
    path = folder / name
    if not name or ".." in Path(name).parts or Path(name).is_absolute():
        raise ByhandError(f"{where} names the picture {name!r}, expected a path inside the folder; move it there.")
    return Sample(path, name, " ".join(words), kind or "picture", source or "unknown")
