"""IDX, MNIST's own format: a big-endian header, then the bytes; usually gzipped.

Source: http://yann.lecun.com/exdb/mnist/ (two zeros, a type code, the number of dimensions, the dimensions, the data).
"""

from __future__ import annotations

import gzip
import io
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from byhand.data.digits import SIDE, Bytes, Dataset, Digits
from byhand.data.formats.limits import check_count, is_test, parsing
from byhand.errors import ByhandError

UNSIGNED_BYTE = 0x08
IMAGES, LABELS = 3, 1  # numbers of dimensions


def read_files(paths: Sequence[Path]) -> Dataset:
    """Read a pair of IDX files, or MNIST's two pairs.

    The pair whose name contains ``test`` or ``t10k`` is the test set; without such names, the smaller pair is.
    """
    sizes = {path: _dimensions(path) for path in paths}
    for path, (dimensions, _) in sizes.items():
        if dimensions not in (IMAGES, LABELS):
            _read(path, IMAGES)  # raises the error for the wrong magic number
    images = [path for path, (dimensions, _) in sizes.items() if dimensions == IMAGES]
    labels = [path for path, (dimensions, _) in sizes.items() if dimensions == LABELS]
    folder = paths[0].parent
    if not images:
        raise ByhandError(
            f"{paths[0]} contains IDX labels without images; put the file of images into the same folder.",
            code="data.missing_images",
        )
    if len(images) > 2:
        raise ByhandError(
            f"{folder} contains {len(images)} IDX files of images; expected one or two (train and test). Pass the path "
            "of one file.",
            code="data.ambiguous_folder",
        )
    pairs = [(path, _partner(path, labels)) for path in images]
    pairs.sort(key=lambda pair: (is_test(pair[0]), -sizes[pair[0]][1]))
    parts = [
        Digits(_read(image, IMAGES), None if label is None else _read(label, LABELS), str(image), str(image))
        for image, label in pairs
    ]
    return Dataset(*parts)


def read_file(path: Path) -> Dataset:
    """Read one IDX file, of images or labels, together with its partner in the same folder."""
    wanted = LABELS if _dimensions(path)[0] == IMAGES else IMAGES
    others = [other for other in sorted(path.parent.iterdir()) if other != path and _may_be(wanted, other, path)]
    partner = _partner(path, others)
    return read_files([path] if partner is None else [path, partner])


def _may_be(wanted: int, other: Path, path: Path) -> bool:
    """Whether a file has the wanted dimensions; a damaged one is an error only if its name makes it the partner."""
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
    """Reduce a name to what a pair has in common: ``train-images-idx3-ubyte.gz`` to ``train``."""
    return re.sub(r"images?|labels?|idx[13]|ubyte|\.gz|[-._]", "", path.name.lower())


def _partner(path: Path, others: Sequence[Path]) -> Path | None:
    for key in (_stem, lambda one: _dimensions(one)[1]):
        same = [other for other in others if key(other) == key(path)]
        if len(same) == 1:
            return same[0]
    if len(others) > 1:
        raise ByhandError(
            f"{path} may belong to {' or '.join(sorted(other.name for other in others)[:4])}; expected one partner. "
            "Name the files as MNIST does (train-images-idx3-ubyte, train-labels-idx1-ubyte).",
            code="data.ambiguous_partner",
        )
    return others[0] if others else None


@contextmanager
def _open(path: Path) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    with parsing(path, "an IDX file, gzipped or not"), gzip.open(path) if zipped else path.open("rb") as raw:
        yield raw


def _dimensions(path: Path) -> tuple[int, int]:
    """Return the number of dimensions and the length of the first."""
    with _open(path) as file:
        start = file.read(8)
    if len(start) < 8:
        raise ByhandError(
            f"{path} ends within its IDX header of at least 8 bytes; download it again.", code="data.truncated"
        )
    return start[3], struct.unpack(">I", start[4:])[0]


def _read(path: Path, dimensions: int) -> Bytes:
    with _open(path) as file:
        header = file.read(4 + 4 * dimensions)
        expected = bytes([0, 0, UNSIGNED_BYTE, dimensions])
        if header[:4] != expected or len(header) < 4 + 4 * dimensions:
            raise ByhandError(
                f"{path} begins with the magic number 0x{header[:4].hex()}; expected 0x{expected.hex()} "
                f"(IDX {'images' if dimensions == IMAGES else 'labels'} of bytes).",
                code="data.bad_magic",
            )
        count, *side = struct.unpack(f">{dimensions}I", header[4:])
        if side and side != [SIDE, SIDE]:
            raise ByhandError(
                f"{path} has images of {side[0]}x{side[1]} pixels; expected 28x28. Resize them first.",
                code="data.wrong_size",
            )
        check_count(count, str(path))
        # Read into an array of the promised size, so that a gzip bomb is never unpacked.
        data = np.empty((count, *side), np.uint8)
        view = data.reshape(-1).data
        filled = 0
        while filled < data.size and (got := file.readinto(view[filled : filled + 2**20])):
            filled += got
        if filled < data.size or file.read(1):
            more = "fewer" if filled < data.size else "more"
            raise ByhandError(
                f"{path} contains {more} bytes than the {data.size:,} that its header promises; download it again.",
                code="data.truncated" if filled < data.size else "data.damaged",
            )
    return data
