"""How far a number that was measured can be trusted: 95 % intervals of a mean and of a share."""

from __future__ import annotations

import math

import numpy as np

Z = 1.959963984540054
"""The normal distribution's 97.5 % point."""


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval by Student's t; the half-width of a single value is not a number."""
    from scipy.stats import t

    count = len(values)
    mean = float(np.mean(values))
    if count < 2:
        return mean, float("nan")
    return mean, float(t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))


def share_interval(found: int, count: int) -> tuple[float, float]:
    """95 % interval of a share, such as an accuracy, by E. B. Wilson (1927), which holds near 0 and 1, too.

    Parameters
    ----------
    found, count
        How many of how many; `count` at least 1.

    Returns
    -------
    tuple of float
        Lower and upper end, from 0 to 1.
    """
    # Where (p - q)^2 = z^2 q (1 - q) / n, solved for q.
    share, scale = found / count, Z * Z / count
    middle = (share + scale / 2) / (1 + scale)
    half = Z * math.sqrt(share * (1 - share) / count + scale / (4 * count)) / (1 + scale)
    return (0.0 if found == 0 else middle - half), (1.0 if found == count else middle + half)
