"""95 % confidence intervals of a mean and of a proportion."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval (Student's t); the half-width of a single value is NaN."""
    from scipy import stats

    count, mean = len(values), math.fsum(values) / len(values)
    return mean, float(stats.t.ppf(0.975, count - 1) * stats.sem(values)) if count > 1 else math.nan


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """Lower and upper end of Wilson's 95 % interval for a proportion such as an accuracy; `count` is at least 1."""
    from scipy.stats import binomtest

    low, high = binomtest(successes, count).proportion_ci(method="wilson")
    return float(low), float(high)
