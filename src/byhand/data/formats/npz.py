"""NumPy's npz as Keras ships MNIST: ``x_train, y_train, x_test, y_test``. Pickled objects are never read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.data.digits import Dataset, Digits
from byhand.data.formats.arrays import as_images, as_labels
from byhand.data.formats.limits import check_bytes, check_count, parsing
from byhand.errors import ByhandError

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_file(path: Path, name: str, source: str) -> Dataset:
    """Read one npz file.

    Parameters
    ----------
    path
        The file; ``x_train`` must be there, the other three may be missing.
    name, source
        What the digits are called and where they came from.

    Returns
    -------
    Dataset
        The training digits and, where there are any, the test digits.

    Raises
    ------
    ByhandError
        If the file is damaged, holds other arrays, or objects.
    """
    with parsing(path, "an npz file of arrays"), zipfile.ZipFile(path) as archive:
        members = {Path(info.filename).stem.lower(): info for info in archive.infolist()}
        if "x_train" not in members:
            raise ByhandError(
                f"{path} holds {', '.join(sorted(members)[:8]) or 'nothing'}, expected x_train, y_train, x_test and "
                "y_test; store the digits under these names."
            )
        parts = []
        for part in ("train", "test"):
            if f"x_{part}" not in members:
                continue
            images = as_images(_array(archive, members[f"x_{part}"], path), f"x_{part} in {path}")
            labels = None
            if f"y_{part}" in members:
                labels = as_labels(_array(archive, members[f"y_{part}"], path), f"y_{part} in {path}")
            parts.append(Digits(images, labels, name, source))
    return Dataset(*parts)


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> npt.NDArray[Any]:
    """Read one array, after its header has been compared with what is really there."""
    where = f"{info.filename} in {path}"
    # zipfile never unpacks more than this number, which stands in the file's own directory.
    check_bytes(info.file_size, where)
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version not in HEADERS:
            raise ByhandError(f"{where} has the npy version {version}, expected 1.0 or 2.0; save it again with NumPy.")
        shape, _, kind = HEADERS[version](file)
    if kind.hasobject:
        raise ByhandError(
            f"{where} holds pickled Python objects, which can run any program when read, expected plain numbers; "
            "save it again as arrays of uint8."
        )
    count = 1
    for length in shape:
        count *= length
    check_count(shape[0] if shape else 0, where)
    if count * kind.itemsize > info.file_size:
        raise ByhandError(
            f"{where} claims the shape {shape} and holds {info.file_size:,} bytes, expected "
            f"{count * kind.itemsize:,} at least; fetch the file again."
        )
    with archive.open(info) as file:
        array: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array
