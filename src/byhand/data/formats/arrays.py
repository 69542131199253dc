"""Arrays from other programs, brought to uint8 without changing a value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.data.digits import SIDE, Bytes
from byhand.errors import ByhandError


def as_images(array: npt.NDArray[Any], where: str) -> Bytes:
    """Bring pictures to ``(N, 28, 28)`` of uint8.

    Parameters
    ----------
    array
        Grey levels 0 to 255 of any numeric type, ``(N, 28, 28)``, ``(N, 28, 28, 1)`` or ``(N, 784)``.
    where
        What holds them, for the error.

    Returns
    -------
    numpy.ndarray
        uint8, ``(N, 28, 28)``, contiguous.

    Raises
    ------
    ByhandError
        If the shape is another, or a value is not a whole number 0 to 255.
    """
    if array.shape[1:] not in ((SIDE, SIDE), (SIDE, SIDE, 1), (SIDE * SIDE,)):
        raise ByhandError(
            f"{where} has the shape {array.shape}, expected (N, 28, 28) or (N, 784); "
            "bring the pictures to 28x28 grey levels first."
        )
    return np.ascontiguousarray(_as_bytes(array, where).reshape(-1, SIDE, SIDE))


def as_labels(array: npt.NDArray[Any], where: str) -> Bytes:
    """Bring labels to ``(N,)`` of uint8.

    Parameters
    ----------
    array
        Labels of any numeric type, ``(N,)`` or ``(N, 1)``.
    where
        What holds them, for the error.

    Returns
    -------
    numpy.ndarray
        uint8, ``(N,)``.

    Raises
    ------
    ByhandError
        If the shape is another, or a value is not a whole number 0 to 255.
    """
    if array.ndim != 1 and array.shape[1:] != (1,):
        raise ByhandError(f"{where} has the shape {array.shape}, expected (N,); give one digit for each image.")
    return np.ascontiguousarray(_as_bytes(array, where).reshape(-1))


def _as_bytes(array: npt.NDArray[Any], where: str) -> Bytes:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "uif":
        raise ByhandError(f"{where} is of type {array.dtype}, expected numbers; store it as uint8.")
    # The comparisons are false for NaN.
    right = (array >= 0) & (array <= 255)
    if array.dtype.kind == "f":
        right &= array == np.floor(array)
    if not right.all():
        wrong = array[~right].flat[0]
        raise ByhandError(
            f"{where} holds the value {wrong:g}, expected whole numbers 0 to 255; "
            "store pixels and labels as they were before scaling."
        )
    return array.astype(np.uint8)
