"""Random streams depend only on the seed and their name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from byhand.rng import generator

NAMES: tuple[tuple[str | int, ...], ...] = (
    *(("shuffle", 0), ("shuffle", 1), ("shuffle",), ("dropout", 0), ("init", "W1"), ("init", "W2"), ("init",)),
    *(("W1", "init"), (), (0,), (1, 0), (0, 1), (0, 0)),
)


def test_the_same_name_draws_the_same() -> None:
    for name in NAMES:
        first = generator(3, *name).random(20)
        generator(3, "another").random(1000)
        assert np.array_equal(generator(3, *name).random(20), first)


def test_other_names_and_seeds_draw_others() -> None:
    draws = [generator(seed, *name).integers(0, 2**62, 4).tobytes() for seed in (0, 1, 2**70) for name in NAMES]
    assert len(set(draws)) == len(draws)


def test_streams_are_independent() -> None:
    """Correlations of 2,000 numbers have a deviation of 0.022; 66 pairs stay within four of them."""
    numbers = np.array([generator(0, "shuffle", epoch).normal(size=2000) for epoch in range(12)])
    correlations = np.corrcoef(numbers)[np.triu_indices(12, 1)]
    assert np.abs(correlations).max() < 4 * 2000**-0.5


def test_the_numbers_never_change() -> None:
    """Every later version must be able to repeat published results."""
    assert generator(0, "shuffle", 0).permutation(8).tolist() == PERMUTED
    assert generator(7, "init", "W1").integers(0, 1000, 5).tolist() == DRAWN


PERMUTED = [0, 3, 6, 4, 5, 7, 1, 2]
DRAWN = [499, 100, 724, 391, 427]


def test_negative_seeds(refused: Callable[[str], Any]) -> None:
    with refused("rng.negative_seed"):
        generator(-1, "shuffle")
