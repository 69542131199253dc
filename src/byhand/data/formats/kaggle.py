"""CSV as in Kaggle's Digit Recognizer: a row for each digit, 784 pixels and mostly a label.

With a header (``label,pixel0,...,pixel783``; without ``label`` for the test file) or without one, the label then coming
first (the popular ``mnist_train.csv``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from byhand.data.digits import SIDE, Bytes, Dataset, Digits
from byhand.data.formats.limits import MOST_IMAGES, check_count
from byhand.errors import ByhandError

PIXELS = SIDE * SIDE
LONGEST_LINE = 2**16
LABEL_NAMES = ("label", "class")


def read_file(path: Path, name: str, source: str) -> Dataset:
    """Read one CSV file.

    Parameters
    ----------
    path
        The file, UTF-8.
    name, source
        What the digits are called and where they came from.

    Returns
    -------
    Dataset
        One part; unlabelled if there are 784 columns.

    Raises
    ------
    ByhandError
        If a row is ragged or a value is not a whole number 0 to 255; the sentence names the line.
    """
    header = _header(path)
    columns = len(_first_line(path))
    if columns not in (PIXELS, PIXELS + 1):
        raise ByhandError(
            f"{path} has {columns} columns in line 1, expected 784 pixels and perhaps a label; "
            "give a table with one digit in each row."
        )
    table = _table(path, columns, skip=header is not None)
    if columns == PIXELS:
        return Dataset(Digits(table.reshape(-1, SIDE, SIDE), None, name, source))
    column = 0 if header is None else _label_column(header, path)
    images = np.delete(table, column, axis=1).reshape(-1, SIDE, SIDE)
    return Dataset(Digits(images, table[:, column].copy(), name, source))


def is_table(path: Path) -> bool:
    """Tell whether the first line of a text has as many columns as a digit has pixels, and perhaps a label."""
    return len(_first_line(path)) in (PIXELS, PIXELS + 1)


def _first_line(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return [word.strip().strip('"') for word in file.readline(LONGEST_LINE).split(",")]


def _header(path: Path) -> list[str] | None:
    first = _first_line(path)
    # A name anywhere makes it a header, for pandas numbers its columns: label,0,1,2,...; nan is no name.
    return None if all(_is_number(word) for word in first) else [word.lower() for word in first]


def _is_number(word: str) -> bool:
    try:
        float(word or "nan")
    except ValueError:
        return False
    return True


def _label_column(header: list[str], path: Path) -> int:
    for name in LABEL_NAMES:
        if name in header:
            return header.index(name)
    raise ByhandError(
        f"{path} has 785 columns, none of which is called {' or '.join(LABEL_NAMES)} in line 1; "
        "expected label,pixel0,...,pixel783, so name the column of labels."
    )


def _table(path: Path, columns: int, skip: bool) -> Bytes:
    with path.open(encoding="utf-8-sig") as file:
        lines = _Lines(file, path)
        try:
            if skip:
                next(lines)
            if not lines.more():
                raise ByhandError(f"{path} holds no digits, only its header; expected one digit in each row.")
            table = np.loadtxt(
                lines,
                np.uint8,
                comments=None,
                delimiter=",",
                quotechar='"',
                ndmin=2,
                max_rows=MOST_IMAGES + 1,
            )
        except ValueError as problem:
            raise ByhandError(
                f"{path} holds {_fault(lines.last, columns)} in line {lines.number}, expected {columns} whole numbers "
                "0 to 255; correct or remove the line."
            ) from problem
    if table.shape[1] != columns:
        raise ByhandError(
            f"{path} has {columns} columns in line 1 and {table.shape[1]} below, expected the same number in every "
            "line; correct the header."
        )
    check_count(len(table), str(path))
    return table


class _Lines:
    """The lines of a file, none of them endless, remembering the last one."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self.file, self.path = file, path
        self.number, self.last = 0, ""
        self.ahead: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(LONGEST_LINE) if self.ahead is None else self.ahead
        self.ahead = None
        if not line:
            raise StopIteration
        self.number, self.last = self.number + 1, line
        if len(line) == LONGEST_LINE:
            raise ValueError
        return line

    def more(self) -> bool:
        """Tell whether anything but empty lines is left, which NumPy would warn about."""
        for line in self:
            if line.strip():
                self.number, self.ahead = self.number - 1, line
                return True
        return False


def _fault(line: str, columns: int) -> str:
    words = [word.strip().strip('"') for word in line.split(",")]
    if len(words) != columns:
        return f"{len(words)} values"
    for word in words:
        if not (word.isascii() and word.isdigit() and int(word) <= 255):
            return f"the value {word[:20]!r}"
    return "bytes that are no UTF-8 text"
