"""Intervals of means and of shares: worked by hand, and against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import t as student

from byhand.metrics.intervals import interval, share_interval


def test_an_interval_worked_by_hand() -> None:
    # 1, 2, 3: mean 2, standard deviation 1, t(0.975; 2 degrees) = 4.30265 from any table; 4.30265 / sqrt(3) = 2.48414.
    mean, half = interval([1.0, 2.0, 3.0])
    assert mean == 2
    assert half == pytest.approx(4.30265 / math.sqrt(3), rel=1e-5)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_interval_is_scipys(values: list[float]) -> None:
    mean, half = interval(values)
    scale = np.std(values, ddof=1) / math.sqrt(len(values))
    if scale > 1e-300:
        low, high = student.interval(0.95, len(values) - 1, loc=np.mean(values), scale=scale)
        assert (mean - half, mean + half) == pytest.approx((low, high), rel=1e-9, abs=1e-12)
    else:
        assert half == pytest.approx(0, abs=1e-290)


def test_one_value_has_no_interval() -> None:
    mean, half = interval([0.97])
    assert mean == 0.97
    assert math.isnan(half)


@given(st.integers(1, 20_000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_the_interval_of_a_share_is_scipys(counted: tuple[int, int]) -> None:
    found, count = counted
    wanted = binomtest(found, count).proportion_ci(0.95, method="wilson")
    assert share_interval(found, count) == pytest.approx((wanted.low, wanted.high), rel=1e-9, abs=1e-12)


def test_a_share_of_nothing_and_of_all() -> None:
    # z^2 / (n + z^2) with z^2 = 3.8415: 3.8415 / 13.8415.
    assert share_interval(0, 10) == pytest.approx((0, 0.27753), abs=1e-5)
    assert share_interval(10, 10) == pytest.approx((1 - 0.27753, 1), abs=1e-5)
