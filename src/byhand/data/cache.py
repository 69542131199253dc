"""The datasets that can be downloaded, and the cache folder for them and for imported ones.

BYHAND_CACHE, or the platform's cache folder/
    mnist/             the files of a downloaded dataset
    imported/NAME.npz  an imported dataset, in Keras's layout
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from byhand.data.digits import Dataset
from byhand.errors import ByhandError
from byhand.io import replacing


@dataclass(frozen=True)
class RemoteFile:
    """One file of a dataset: its name, length in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RemoteDataset:
    """A dataset that can be downloaded.

    Attributes
    ----------
    files
        The files.
    mirrors
        URLs of the folders that hold them, ending in a slash, tried in this order.
    fingerprint
        The result of `fingerprint` for it, which does not depend on the file format.
    """

    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    fingerprint: str


MNIST = RemoteDataset(
    files=(
        RemoteFile(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        RemoteFile(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        RemoteFile(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        RemoteFile(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://systemds.apache.org/assets/datasets/mnist/",
    ),
    fingerprint="06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
)

REMOTE = {"mnist": MNIST}
IN_MEMORY = "arrays"
"""The name of digits that were given as arrays."""
RESERVED = {"auto", "digits", IN_MEMORY, *REMOTE}


def folder() -> Path:
    """Return the cache folder: ``BYHAND_CACHE`` if set, else the platform's. It may not exist yet."""
    if chosen := os.environ.get("BYHAND_CACHE"):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("byhand")


def imported(name: str) -> Path | None:
    """Return the file of an imported dataset, or ``None`` if there is none of that name."""
    path = folder() / "imported" / f"{name}.npz"
    return path if _is_name(name) and path.is_file() else None


def imported_names() -> list[str]:
    """List the names of all imported datasets."""
    return sorted(path.stem for path in (folder() / "imported").glob("*.npz") if _is_name(path.stem))


def store(dataset: Dataset, name: str) -> Path:
    """Store a dataset in the cache, replacing an earlier one of the same name.

    Parameters
    ----------
    dataset
        The digits.
    name
        Lower-case letters, digits, ``-`` and ``_``; not the name of a built-in dataset.

    Returns
    -------
    Path
        A compressed npz file with the uint8 arrays ``x_train, y_train, x_test, y_test``, as far as they exist.

    Raises
    ------
    ByhandError
        If the name is invalid or the cache cannot be written.
    """
    if not _is_name(name) or name in RESERVED:
        raise ByhandError(
            f"{name!r} is not a valid dataset name; expected up to 64 lower-case letters, digits, '-' and '_', and not "
            f"{', '.join(sorted(RESERVED))}. Choose another with --name.",
            code="data.invalid_name",
        )
    arrays = {}
    for part, digits in zip(("train", "test"), dataset, strict=False):
        arrays[f"x_{part}"] = digits.images
        if digits.labels is not None:
            arrays[f"y_{part}"] = digits.labels
    path = folder() / "imported" / f"{name}.npz"
    with replacing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    return path


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9_-]{1,64}", name) is not None


def fingerprint(dataset: Dataset) -> str:
    """Hash the pixels and labels of a dataset (SHA-256), in their order and without its name and source."""
    digest = hashlib.sha256()
    for part in dataset:
        digest.update(part.images.tobytes())
        digest.update(b"" if part.labels is None else part.labels.tobytes())
    return digest.hexdigest()
