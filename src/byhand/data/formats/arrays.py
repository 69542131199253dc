"""Arrays from other programs, and NumPy's npz with ``x_train, y_train, x_test, y_test`` as Keras ships MNIST.

Pixels follow the one rule of `byhand.data.pixels`, and pickled objects are never read.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.data.digits import SIDE, Bytes, Dataset, Digits
from byhand.data.formats.limits import check_bytes, check_count, parsing
from byhand.data.pixels import grey_levels
from byhand.errors import ByhandError

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def as_images(array: npt.NDArray[Any], where: str) -> Bytes:
    """Convert images ``(N, 28, 28)``, ``(N, 28, 28, 1)`` or ``(N, 784)`` to grey levels (`byhand.data.pixels`).

    `where` names their origin in an error. Returns ``(N, 28, 28)``, contiguous.
    """
    if array.shape[1:] not in ((SIDE, SIDE), (SIDE, SIDE, 1), (SIDE * SIDE,)):
        raise ByhandError(
            f"The shape of {where} is {array.shape}; expected (N, 28, 28) or (N, 784).", code="data.bad_shape"
        )
    return np.ascontiguousarray(grey_levels(array, f"The pixels of {where}").reshape(-1, SIDE, SIDE))


def as_labels(array: npt.NDArray[Any], where: str) -> Bytes:
    """Convert labels ``(N,)`` or ``(N, 1)`` of any numeric type to uint8, ``(N,)``."""
    if array.ndim != 1 and array.shape[1:] != (1,):
        raise ByhandError(
            f"The shape of {where} is {array.shape}; expected (N,), one digit per image.", code="data.bad_shape"
        )
    if array.dtype.kind not in "uif":
        raise ByhandError(f"The type of {where} is {array.dtype}; expected numbers, best uint8.", code="data.bad_type")
    # The comparisons are false for NaN.
    valid = (array >= 0) & (array <= 255)
    if array.dtype.kind == "f":
        valid &= array == np.floor(array)
    if not valid.all():
        raise ByhandError(
            f"There is the value {array[~valid].flat[0]:g} in {where}; expected the digits 0 to 9.",
            code="data.bad_value",
        )
    return np.ascontiguousarray(array.astype(np.uint8).reshape(-1))


def read_npz(path: Path) -> Dataset:
    """Read one npz file; ``x_train`` is required, the other three arrays are optional."""
    parts = []
    with parsing(path, "an npz file of arrays"), zipfile.ZipFile(path) as archive:
        members = {Path(info.filename).stem.lower(): info for info in archive.infolist()}
        if "x_train" not in members:
            raise ByhandError(
                f"{path} contains {', '.join(sorted(members)[:8]) or 'nothing'}; expected x_train, y_train, x_test and "
                "y_test.",
                code="data.missing_arrays",
            )
        for part in ("train", "test"):
            x, y = members.get(f"x_{part}"), members.get(f"y_{part}")
            if x is not None:
                images = as_images(_array(archive, x, path), f"x_{part} in {path}")
                labels = None if y is None else as_labels(_array(archive, y, path), f"y_{part} in {path}")
                parts.append(Digits(images, labels, str(path), str(path)))
    return Dataset(*parts)


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> npt.NDArray[Any]:
    """Read one array, after checking its header against the stored size."""
    where = f"{info.filename} in {path}"
    # zipfile never unpacks more than this number, which is in the archive's directory.
    check_bytes(info.file_size, where)
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version not in HEADERS:
            raise ByhandError(
                f"{where} has the npy version {version}; expected 1.0 or 2.0. Save it again with NumPy.",
                code="data.damaged",
            )
        shape, _, kind = HEADERS[version](file)
    if kind.hasobject:
        raise ByhandError(
            f"{where} contains pickled Python objects, which can run any code when read; save plain arrays of uint8.",
            code="data.pickle",
        )
    check_count(shape[0] if shape else 0, where)
    needed = math.prod(shape) * kind.itemsize
    if needed > info.file_size:
        raise ByhandError(
            f"{where} has the shape {shape} and contains {info.file_size:,} bytes; expected {needed:,} at least. "
            "Download it again.",
            code="data.truncated",
        )
    with archive.open(info) as file:
        array: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array
