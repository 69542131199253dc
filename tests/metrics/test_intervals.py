"""Confidence intervals, worked by hand."""

from __future__ import annotations

import math

import pytest

from byhand.metrics.intervals import mean_interval, wilson_interval


def test_the_interval_of_a_mean() -> None:
    # 1, 2, 3: mean 2, standard deviation 1, t(0.975; 2 degrees) = 4.30265 from any table; 4.30265 / sqrt(3) = 2.48414.
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx((2, 4.30265 / math.sqrt(3)), rel=1e-5)
    mean, half = mean_interval([0.97])
    assert mean == 0.97
    assert math.isnan(half)


def test_the_interval_of_a_proportion() -> None:
    # z^2 / (n + z^2) with z^2 = 3.8415: 3.8415 / 13.8415.
    assert wilson_interval(0, 10) == pytest.approx((0, 0.27753), abs=1e-5)
    assert wilson_interval(10, 10) == pytest.approx((1 - 0.27753, 1), abs=1e-5)
