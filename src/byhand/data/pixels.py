"""Pixels of any numeric type: the one rule for every array that enters byhand.

========================  ===================================================================================
uint8                     grey levels, 0 for paper to 255 for ink, always taken as they are
bool                      0 and 1 become 0 and 255
other integers            0 to 255: grey levels; only 0 and 1: as bool
floats 0 to 1             multiplied by 255
floats 0 to more than 16  up to 255: grey levels, whose fractions are kept
anything else             an error, in one sentence
========================  ===================================================================================

The range is that of the whole array, so a blank picture in a batch is read as the batch is. An array of floats that are
all 0 is blank on either scale. Floats up to a number above 1 and not above 16 are refused, because they are neither: as
grey levels they would be nearly black (scikit-learn's own digits range from 0 to 16). Negative values are refused,
because they come from pixels that were standardized already, which the network's first layer does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.errors import ByhandError

Array = npt.NDArray[Any]

WHITE = 255
FAINTEST = 16
"""Floats whose maximum is above 1 and not above this are neither fractions nor grey levels."""
SLACK = 1e-4
"""How far, relative to the range, a value may lie outside of it: resizing in float32 leaves it by a rounding."""
WANTED = "expected uint8, or floats from 0 to 1 or from 0 to 255"


def as_pixels(values: npt.ArrayLike, what: str = "The images") -> Array:
    """Bring numbers of any type to grey levels 0 to 255.

    Parameters
    ----------
    values
        Numbers of any shape, as in this module's table.
    what
        Their name, the subject of an error.

    Returns
    -------
    numpy.ndarray
        uint8 for integers and bool, the same array if it is uint8 already; float32 or float64 for floats.

    Raises
    ------
    ByhandError
        ``pixels.wrong_type``, ``pixels.not_finite``, ``pixels.out_of_range`` or ``pixels.ambiguous``.
    """
    array = np.asarray(values)
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "buif":
        raise ByhandError(f"{what} have the type {array.dtype}; {WANTED}.", code="pixels.wrong_type")
    if array.dtype == np.bool_ or not array.size:
        return array.astype(np.uint8) * np.uint8(WHITE)
    check_finite(array, what)
    low, high = float(array.min()), float(array.max())
    floats = array.dtype.kind == "f"
    slack = SLACK if floats else 0.0
    top = 1 if high <= 1 + slack else WHITE
    if low < -slack * top or high > WHITE * (1 + slack):
        hint = "; give the pixels as they were before they were standardized" if low < 0 else ""
        raise ByhandError(f"{what} hold values from {low:g} to {high:g}; {WANTED}{hint}.", code="pixels.out_of_range")
    if floats and top > 1 and high <= FAINTEST:
        raise ByhandError(
            f"{what} hold floats from {low:g} to {high:g}, neither 0 to 1 nor 0 to 255; scale them to one of these, or "
            "give uint8.",
            code="pixels.ambiguous",
        )
    if not floats:
        return array.astype(np.uint8) * np.uint8(WHITE // top)
    return array.astype(np.promote_types(array.dtype, np.float32), copy=False) * (WHITE // top)


def grey_levels(values: npt.ArrayLike, what: str = "The images") -> npt.NDArray[np.uint8]:
    """Bring numbers of any type to uint8 as `as_pixels` does, fractions rounded to the nearest grey level."""
    pixels = as_pixels(values, what)
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels).clip(0, WHITE).astype(np.uint8)


def check_finite(values: Array, what: str = "The images") -> None:
    """Raise `ByhandError` (``pixels.not_finite``) if any value is NaN or infinite."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        found = values[~np.isfinite(values)].flat[0]
        raise ByhandError(f"{what} contain {found}; expected finite numbers.", code="pixels.not_finite")
