"""The cache folder, for downloaded and imported datasets.

BYHAND_CACHE, or the platform's cache folder/
    mnist/             the files of a downloaded dataset
    imported/NAME.npz  an imported dataset, in Keras's layout
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from byhand.data.digits import Dataset
from byhand.data.remote import REMOTE
from byhand.errors import ByhandError
from byhand.io import replacing

RESERVED = {"auto", "digits", *REMOTE}


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
