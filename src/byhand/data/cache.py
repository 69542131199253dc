"""The folder that keeps what was fetched and imported.

BYHAND_CACHE, or the platform's cache folder/
    mnist/             the files of a named dataset, as fetched
    imported/NAME.npz  digits of any format, as Keras ships them
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from byhand.data.digits import Dataset
from byhand.data.named import REMOTE
from byhand.errors import ByhandError
from byhand.io import replacing

RESERVED = {"auto", "digits", *REMOTE}


def folder() -> Path:
    """Give the cache folder: ``BYHAND_CACHE`` if set, else the platform's. It need not exist."""
    if chosen := os.environ.get("BYHAND_CACHE"):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("byhand")


def imported(name: str) -> Path | None:
    """Find the file of an imported dataset, ``None`` where there is none of that name."""
    if not _is_name(name):
        return None
    path = folder() / "imported" / f"{name}.npz"
    return path if path.is_file() else None


def imported_names() -> list[str]:
    """List the names of all imported datasets."""
    return sorted(path.stem for path in (folder() / "imported").glob("*.npz") if _is_name(path.stem))


def store(dataset: Dataset, name: str) -> Path:
    """Keep a dataset in the cache under a name, in place of an earlier one of that name.

    Parameters
    ----------
    dataset
        The digits.
    name
        Small letters, digits, ``-`` and ``_``; none of the named datasets'.

    Returns
    -------
    Path
        The file: a compressed npz of uint8 arrays ``x_train, y_train, x_test, y_test``, without what is not there.

    Raises
    ------
    ByhandError
        If the name cannot be used or the cache not written.
    """
    if not _is_name(name) or name in RESERVED:
        raise ByhandError(
            f"{name!r} was given as a name, expected up to 64 small letters, digits, '-' and '_', and none of "
            f"{', '.join(sorted(RESERVED))}; choose another with --name."
        )
    arrays = {}
    for part, digits in zip(("train", "test"), dataset, strict=False):
        arrays[f"x_{part}"] = digits.images
        if digits.labels is not None:
            arrays[f"y_{part}"] = digits.labels
    path = folder() / "imported" / f"{name}.npz"
    with replacing(path) as beside:
        np.savez_compressed(beside, allow_pickle=False, **arrays)
    return path


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9_-]{1,64}", name) is not None
