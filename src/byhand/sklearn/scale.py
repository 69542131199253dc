"""Values of X: finite, and on the scale that a classifier was fitted on."""

from __future__ import annotations

import warnings

from byhand.data.pixels import FAINTEST, WHITE, check_finite
from byhand.errors import ByhandError
from byhand.hands import Array

TOPS = (1, FAINTEST, WHITE)
"""The largest value of pixels on each scale in use: fractions, scikit-learn's own digits, and grey levels."""
NEAR = 0.9
"""Pictures reach this part of their scale's largest value; other values seldom do so on just one of these scales."""
FEWEST = 64
"""Rows of fewer columns are no pictures: scikit-learn's digits have 8x8."""


class ScaleWarning(UserWarning):
    """A classifier that was fitted to pixels on one scale (0 to 255) is asked about pixels on another (0 to 1)."""


class NotFiniteError(ByhandError, ValueError):
    """X contains NaN or infinity; scikit-learn's own tools expect a `ValueError`."""


def require_finite(X: Array) -> None:
    """Raise `NotFiniteError` if any value of X is NaN or infinite."""
    try:
        check_finite(X, "X")
    except ByhandError as problem:
        # scikit-learn's checks look for its spelling.
        text = f"{problem}".replace("contain ", "contains ").replace(" nan", " NaN")
        raise NotFiniteError(text, code=problem.code) from None


def pixel_scale(X: Array) -> int | None:
    """The scale, one of `TOPS`, of an X that seems to hold pictures; else ``None``."""
    if X.shape[1] < FEWEST or X.min() < 0:
        return None
    high = float(X.max())
    return next((top for top in TOPS if NEAR * top <= high <= top), None)


def warn_of_another_scale(X: Array, fitted: int | None) -> None:
    """Warn if X cannot be on the scale that a classifier was fitted on; any is if it was ``None``."""
    if fitted is None or not X.size or X.min() < 0:
        return
    high, below = float(X.max()), max([top for top in TOPS if top < fitted], default=0)
    # A picture without ink is on every scale, and a few values beyond the largest one are a resampling's.
    if high > 2 * fitted or 0 < high <= below:
        warnings.warn(
            f"X ranges to {high:g}, and the classifier was fitted to pixels from 0 to {fitted}; scale both alike.",
            ScaleWarning,
            stacklevel=4,
        )
