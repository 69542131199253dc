"""MATLAB's ``mnist_all.mat`` (S. Roweis): matrices ``train0`` to ``train9``, ``test0`` to ``test9``, one row per digit.

Parsed here because `scipy.io.loadmat` crashes the interpreter on some damaged files (SciPy 1.17).
Source: "MAT-File Format, Level 5", The MathWorks.
"""

from __future__ import annotations

import itertools
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.data.digits import CLASSES, Dataset, Digits
from byhand.data.formats.arrays import as_images
from byhand.data.formats.limits import MOST_BYTES, check_bytes, check_count, parsing
from byhand.errors import ByhandError

HEADER = 128
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
NUMERIC_CLASSES = range(6, 16)  # mxDOUBLE_CLASS to mxUINT64_CLASS: full matrices of numbers

Array = npt.NDArray[Any]


def read_file(path: Path) -> Dataset:
    """Read a MAT-file of level 5 (MATLAB's ``save -v6`` and ``-v7``); the digits are sorted by class."""
    check_bytes(path.stat().st_size, str(path))
    with parsing(path, "a MATLAB file of level 5"):
        arrays = dict(_variables(path.read_bytes(), str(path)))
        if not any(key.startswith("train") for key in arrays):
            raise ByhandError(
                f"{path} has no variables train0 to train9; expected those of mnist_all.mat, one matrix of 784 columns "
                "per digit.",
                code="data.missing_arrays",
            )
        parts = [_part(arrays, part, path) for part in ("train", "test")]
    return Dataset(*(part for part in parts if part is not None))


def _part(arrays: dict[str, Array], part: str, path: Path) -> Digits | None:
    members = {label: arrays[f"{part}{label}"] for label in range(CLASSES) if f"{part}{label}" in arrays}
    if not members:
        return None
    images = [as_images(array, f"{part}{label} in {path}") for label, array in members.items()]
    labels = np.repeat(np.array(list(members), np.uint8), [len(array) for array in images])
    check_count(len(labels), str(path))
    return Digits(np.concatenate(images), labels, str(path), str(path))


def _variables(content: bytes, where: str) -> Iterator[tuple[str, Array]]:
    """Iterate over the matrices of digits, unpacking at most `MOST_BYTES` in total."""
    order = "<" if content[HEADER - 2 : HEADER] == b"IM" else ">"
    unpacked = 0
    for kind, element in _elements(content[HEADER:], order, padded=False):
        if kind == COMPRESSED:
            data = zlib.decompressobj().decompress(element, MOST_BYTES + 1 - unpacked)
            unpacked += len(data)
            check_bytes(unpacked, where)
            inner = next(_elements(data, order), (0, element))
        else:
            inner = kind, element
        if inner[0] == MATRIX and (found := _matrix(inner[1], order)):
            yield found


def _elements(data: bytes | memoryview, order: str, padded: bool = True) -> Iterator[tuple[int, memoryview]]:
    """Split data elements: type, length, that many bytes, padded to a multiple of eight if `padded`."""
    view, at = memoryview(data), 0
    while at + 8 <= len(view):
        kind, length = struct.unpack_from(f"{order}2I", view, at)
        start, step = at + 8, 8 + length
        if kind >> 16:
            # Up to four bytes are stored in the tag itself; its upper half is their number.
            kind, length, start, step = kind & 0xFFFF, kind >> 16, at + 4, 8
        if not kind or start + length > len(view):
            raise ValueError("it ends within a variable")
        yield kind, view[start : start + length]
        at += step + (-step % 8 if padded or kind != COMPRESSED else 0)


def _matrix(element: memoryview, order: str) -> tuple[str, Array] | None:
    """Read flags, dimensions, name and numbers; ``None`` for a variable of another name or class."""
    parts = list(itertools.islice(_elements(element, order), 4))
    if len(parts) < 4:
        raise ValueError("a variable is incomplete")
    (_, flags), (_, dimensions), (_, spelled), (kind, numbers) = parts
    if struct.unpack_from(f"{order}I", flags)[0] & 0xFF not in NUMERIC_CLASSES:
        return None
    name = bytes(spelled).decode("ascii", "replace")
    if not re.fullmatch(r"(train|test)[0-9]", name):
        return None
    if kind not in NUMBERS:
        raise ValueError(f"{name} is of the unknown type {kind}")
    shape = np.frombuffer(dimensions, f"{order}i4").tolist()
    # MATLAB stores columns first.
    return name, np.frombuffer(numbers, order + NUMBERS[kind]).reshape(shape, order="F")
