"""IDX, the format MNIST was published in: a big-endian header, then the bytes; usually gzipped.

Source: http://yann.lecun.com/exdb/mnist/ (two zeros, a type code, the number of dimensions, the dimensions, the data).
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from byhand.data.digits import SIDE, Bytes, Dataset, Digits
from byhand.data.formats.limits import check_count, is_test
from byhand.errors import ByhandError

Source = io.BufferedReader | gzip.GzipFile

UNSIGNED_BYTE = 0x08
IMAGES, LABELS = 3, 1  # numbers of dimensions


def read_files(paths: Sequence[Path], name: str, source: str) -> Dataset:
    """Read a pair of IDX files, or MNIST's two pairs.

    Parameters
    ----------
    paths
        IDX files: one or two of images and any number of labels.
    name, source
        What the digits are called and where they came from.

    Returns
    -------
    Dataset
        The pair called ``test`` or ``t10k`` as test set; where the names tell nothing, the smaller pair.

    Raises
    ------
    ByhandError
        If a file is damaged or its partner cannot be told.
    """
    for path in paths:
        if _dimensions(path)[0] not in (IMAGES, LABELS):
            _read(path, IMAGES)  # says what is wrong with it
    images = [path for path in paths if _dimensions(path)[0] == IMAGES]
    labels = [path for path in paths if _dimensions(path)[0] == LABELS]
    if not images:
        raise ByhandError(
            f"{name} holds IDX labels without images, expected both; put the file of images beside that of labels."
        )
    if len(images) > 2:
        raise ByhandError(
            f"{name} holds {len(images)} IDX files of images, expected one or two (train and test); "
            "name one file of the pair you mean."
        )
    pairs = [(path, _partner(path, labels)) for path in images]
    pairs.sort(key=lambda pair: (is_test(pair[0]), -_dimensions(pair[0])[1]))
    parts = [
        Digits(_read(image, IMAGES), None if label is None else _read(label, LABELS), name, source)
        for image, label in pairs
    ]
    return Dataset(*parts)


def read_file(path: Path, name: str, source: str) -> Dataset:
    """Read one IDX file together with its partner, found beside it.

    Parameters
    ----------
    path
        A file of images or of labels.
    name, source
        What the digits are called and where they came from.

    Returns
    -------
    Dataset
        One part; unlabelled where images have no partner.

    Raises
    ------
    ByhandError
        If a file is damaged, or labels have no partner.
    """
    own = _dimensions(path)[0]
    wanted = LABELS if own == IMAGES else IMAGES
    others = [other for other in sorted(path.parent.iterdir()) if other != path and _may_be(wanted, other, path)]
    partner = _partner(path, others)
    return read_files([path] if partner is None else [path, partner], name, source)


def _may_be(wanted: int, other: Path, path: Path) -> bool:
    """Tell whether a file holds what is wanted; what is wrong with it matters only if it is called like a partner."""
    if not other.is_file():
        return False
    try:
        with _open(other) as file:
            return file.read(4) == bytes([0, 0, UNSIGNED_BYTE, wanted])
    except (ByhandError, OSError):
        if _stem(other) == _stem(path):
            raise
        return False


def _stem(path: Path) -> str:
    """Reduce MNIST's file names to what a pair shares: ``train-images-idx3-ubyte.gz`` to ``train``."""
    return re.sub(r"images?|labels?|idx[13]|ubyte|\.gz|[-._]", "", path.name.lower())


def _partner(path: Path, others: Sequence[Path]) -> Path | None:
    for of_same in (_stem, _size):
        same = [other for other in others if of_same(other) == of_same(path)]
        if len(same) == 1:
            return same[0]
    if len(others) > 1:
        raise ByhandError(
            f"{path} may belong to {' or '.join(sorted(other.name for other in others)[:4])}, expected one partner; "
            "name the files as MNIST does (train-images-idx3-ubyte, train-labels-idx1-ubyte)."
        )
    return others[0] if others else None


def _size(path: Path) -> int:
    return _dimensions(path)[1]


@contextmanager
def _open(path: Path) -> Iterator[Source]:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if zipped else path.open("rb") as raw:
            yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise ByhandError(
            f"{path} is a truncated or damaged gzip file ({problem}), expected a whole one; fetch the file again."
        ) from problem


def _dimensions(path: Path) -> tuple[int, int]:
    """Give the number of dimensions and the length along the first, (0, 0) for what is too short to tell."""
    with _open(path) as file:
        start = file.read(8)
    if len(start) < 8:
        raise ByhandError(f"{path} ends within its IDX header, expected at least 8 bytes; fetch the file again.")
    return start[3], struct.unpack(">I", start[4:])[0]


def _read(path: Path, dimensions: int) -> Bytes:
    with _open(path) as file:
        return _decode(file, path, dimensions)


def _decode(file: Source, path: Path, dimensions: int) -> Bytes:
    header = file.read(4 + 4 * dimensions)
    expected = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if header[:4] != expected or len(header) < 4 + 4 * dimensions:
        raise ByhandError(
            f"{path} begins with the magic number 0x{header[:4].hex()}, expected 0x{expected.hex()} "
            f"(IDX {'images' if dimensions == IMAGES else 'labels'} of bytes); make sure that it is the file you mean."
        )
    count, *side = struct.unpack(f">{dimensions}I", header[4:])
    if side and side != [SIDE, SIDE]:
        raise ByhandError(
            f"{path} holds images of {side[0]}x{side[1]} pixels, expected 28x28; bring them to 28x28 first."
        )
    check_count(count, str(path))
    # Written in place, so that nothing beyond what the header promises is ever unpacked.
    data = np.empty((count, *side), np.uint8)
    view = data.reshape(-1).data
    filled = 0
    while filled < data.size and (got := file.readinto(view[filled : filled + 2**20])):
        filled += got
    if filled < data.size or file.read(1):
        more = "fewer" if filled < data.size else "more"
        raise ByhandError(
            f"{path} holds {more} bytes than the {count:,} entries its header promises, expected exactly "
            f"{data.size:,}; fetch the file again."
        )
    return data
