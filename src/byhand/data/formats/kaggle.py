"""CSV as in Kaggle's Digit Recognizer: a row per digit, 784 pixels and usually a label.

With a header (``label,pixel0,...,pixel783``; without ``label`` for the test file) or without one, the label then being
the first column (the popular ``mnist_train.csv``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from byhand.data.digits import SIDE, Bytes, Dataset, Digits
from byhand.data.formats.limits import MOST_IMAGES, check_count
from byhand.errors import ByhandError
from byhand.io import silent_warnings

PIXELS = SIDE * SIDE
LONGEST_LINE = 2**16
LABEL_NAMES = ("label", "class")


def read_file(path: Path) -> Dataset:
    """Read one CSV file in UTF-8; the digits are unlabelled if it has 784 columns."""
    first = _first_line(path)
    columns = len(first)
    if columns not in (PIXELS, PIXELS + 1):
        raise ByhandError(
            f"{path} has {columns} columns in line 1; expected one digit per row, 784 pixels and optionally a label.",
            code="data.wrong_columns",
        )
    # One name makes it a header, because pandas numbers its columns: label,0,1,2,... (nan is not a name).
    header = None if all(_is_number(word) for word in first) else [word.lower() for word in first]
    table = _table(path, columns, skip=header is not None)
    if columns == PIXELS:
        return Dataset(Digits(table.reshape(-1, SIDE, SIDE), None, str(path), str(path)))
    column = 0 if header is None else next((header.index(name) for name in LABEL_NAMES if name in header), None)
    if column is None:
        raise ByhandError(
            f"{path} has 785 columns, but line 1 names none of them {' or '.join(LABEL_NAMES)}; "
            "expected label,pixel0,...,pixel783.",
            code="data.wrong_columns",
        )
    images = np.delete(table, column, axis=1).reshape(-1, SIDE, SIDE)
    return Dataset(Digits(images, table[:, column].copy(), str(path), str(path)))


def is_table(path: Path) -> bool:
    """Whether the first line has as many columns as a digit has pixels, with or without a label."""
    return len(_first_line(path)) in (PIXELS, PIXELS + 1)


def _first_line(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return _words(file.readline(LONGEST_LINE))


def _words(line: str) -> list[str]:
    return [word.strip().strip('"') for word in line.split(",")]


def _is_number(word: str) -> bool:
    try:
        float(word or "nan")
    except ValueError:
        return False
    return True


def _table(path: Path, columns: int, skip: bool) -> Bytes:
    with path.open(encoding="utf-8-sig") as file:
        lines = _Lines(file)
        try:
            if skip:
                next(lines)
            with silent_warnings():
                table = np.loadtxt(
                    lines, np.uint8, comments=None, delimiter=",", quotechar='"', ndmin=2, max_rows=MOST_IMAGES + 1
                )
        except ValueError as problem:
            raise ByhandError(
                f"{path} has {_fault(lines.last, columns)} in line {lines.number}; expected {columns} integers "
                "0 to 255.",
                code="data.bad_row",
            ) from problem
    if not table.size:
        raise ByhandError(f"{path} contains only a header; expected one digit in each row.", code="data.empty")
    if table.shape[1] != columns:
        raise ByhandError(
            f"{path} has {columns} columns in line 1 and {table.shape[1]} below; expected the same number everywhere.",
            code="data.wrong_columns",
        )
    check_count(len(table), str(path))
    return table


class _Lines:
    """The lines of a file, of limited length; remembers the last one for the error."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.number, self.last = file, 0, ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number, self.last = self.number + 1, line
        if len(line) == LONGEST_LINE:
            raise ValueError
        return line


def _fault(line: str, columns: int) -> str:
    words = _words(line)
    if len(words) != columns:
        return f"{len(words)} values"
    for word in words:
        if not (word.isascii() and word.isdigit() and int(word) <= 255):
            return f"the value {word[:20]!r}"
    return "bytes that are not UTF-8"
