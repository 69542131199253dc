"""MATLAB's ``mnist_all.mat`` (S. Roweis): matrices ``train0`` to ``train9``, ``test0`` to ``test9``, a row a digit."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from byhand.data.digits import Dataset, Digits
from byhand.data.formats.arrays import as_images
from byhand.data.formats.limits import MOST_BYTES, check_bytes, check_count, parsing
from byhand.errors import ByhandError

COMPRESSED = 15  # the data type miCOMPRESSED of the MAT-file format, level 5


def read_file(path: Path, name: str, source: str) -> Dataset:
    """Read a MAT-file of level 5 (MATLAB's ``save -v6`` and ``-v7``).

    Parameters
    ----------
    path
        The file.
    name, source
        What the digits are called and where they came from.

    Returns
    -------
    Dataset
        The training digits and, where the file has them, the test digits, sorted by class.

    Raises
    ------
    ByhandError
        If the file is damaged, of level 7.3, or holds other variables.
    """
    from scipy.io import loadmat, whosmat

    with parsing(path, "a MATLAB file of level 5"):
        check_bytes(_unpacked_size(path.read_bytes()), str(path))
        shapes = {key: shape for key, shape, _ in whosmat(path) if re.fullmatch(r"(train|test)[0-9]", key)}
        check_count(sum(shape[0] for shape in shapes.values()), str(path))
        if not any(key.startswith("train") for key in shapes):
            raise ByhandError(
                f"{path} holds no variables train0 to train9, expected those of mnist_all.mat; "
                "save one matrix of 784 columns for each digit under these names."
            )
        arrays = loadmat(path, variable_names=sorted(shapes))
        parts = [_part(arrays, part, name, source, path) for part in ("train", "test")]
    return Dataset(*(part for part in parts if part is not None))


def refuse_hdf5(path: Path) -> ByhandError:
    """Say that a MATLAB file of level 7.3, which is HDF5, cannot be read."""
    return ByhandError(
        f"{path} is an HDF5 file (MATLAB's level 7.3), expected a MATLAB file of level 5; "
        "save it again in MATLAB with save -v7."
    )


def _part(arrays: dict[str, Any], part: str, name: str, source: str, path: Path) -> Digits | None:
    members = {label: arrays[f"{part}{label}"] for label in range(10) if f"{part}{label}" in arrays}
    if not members:
        return None
    images = [as_images(np.asarray(array), f"{part}{label} in {path}") for label, array in members.items()]
    labels = np.repeat(np.array(list(members), np.uint8), [len(array) for array in images])
    return Digits(np.concatenate(images), labels, name, source)


def _unpacked_size(content: bytes) -> int:
    """Add up what the compressed variables of a MAT-file unpack to, and stop counting beyond `MOST_BYTES`."""
    order = "<" if content[126:128] == b"IM" else ">"
    size, place = 0, 128
    while place + 8 <= len(content) and size <= MOST_BYTES:
        kind, length = struct.unpack_from(f"{order}2I", content, place)
        place += 8
        if kind == COMPRESSED:
            unpacker, rest = zlib.decompressobj(), content[place : place + length]
            while rest and size <= MOST_BYTES:
                size += len(unpacker.decompress(rest, 2**20))
                rest = unpacker.unconsumed_tail
        place += length
    return size
