"""Digits that are given as arrays: ``(images, labels)``, and a test set if there is one."""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.data.cache import IN_MEMORY
from byhand.data.digits import Bytes, Dataset, Digits
from byhand.data.formats.arrays import as_images, as_labels
from byhand.errors import ByhandError

SOURCE = "given as arrays"


def from_arrays(given: Any) -> Dataset:
    """Make a dataset of arrays.

    Parameters
    ----------
    given
        ``(images, labels)`` or ``(images, labels, test_images, test_labels)``, or a `Dataset` or `Digits`. Images are
        ``(N, 28, 28)``, ``(N, 28, 28, 1)`` or ``(N, 784)`` with pixels as in `byhand.data.pixels`; labels are digits
        from 0 to 9, as numbers or text.

    Raises
    ------
    ByhandError
        ``data.invalid_arrays`` for anything else, or as `Digits`.
    """
    if isinstance(given, Dataset):
        return given
    if isinstance(given, Digits):
        return Dataset(given)
    if not isinstance(given, tuple | list) or len(given) not in (2, 4):
        raise ByhandError(
            f"The data are {type(given).__name__!r}; expected the name of a dataset, a path, or (images, labels) or "
            "(images, labels, test_images, test_labels).",
            code="data.invalid_arrays",
        )
    train = labelled(given[0], given[1])
    return Dataset(train, labelled(given[2], given[3], "test ") if len(given) == 4 else None)


def labelled(images: Any, labels: Any, part: str = "") -> Digits:
    """Make `Digits` of images and labels, as in `from_arrays`."""
    pixels = as_images(np.asarray(images), f"the {part}images")
    return Digits(pixels, _as_numbers(np.asarray(labels), f"the {part}labels"), IN_MEMORY, SOURCE)


def _as_numbers(labels: Any, where: str) -> Bytes:
    if labels.dtype.kind in "OU":
        # As OpenML has them.
        try:
            labels = labels.astype(np.int64)
        except (TypeError, ValueError):
            raise ByhandError(
                f"{where.capitalize()} contain other text than digits; expected 0 to 9.", code="data.bad_value"
            ) from None
    return as_labels(labels, where)
