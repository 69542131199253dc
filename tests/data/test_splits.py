from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byhand.data import Dataset, Digits, parse_split, split
from byhand.errors import ByhandError


def numbered(labels: np.ndarray, start: int = 0) -> Digits:
    """Digits with their number in their first pixels."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, :4] = np.arange(start, start + len(labels), dtype=">u4").view(np.uint8).reshape(-1, 4)
    return Digits(images, labels.astype(np.uint8), "numbered", "test")


def numbers(digits: Digits) -> list[int]:
    return digits.images[:, 0, :4].copy().view(">u4").ravel().tolist()


def test_mnists_sizes_by_default() -> None:
    random = np.random.default_rng(0)
    dataset = Dataset(numbered(random.integers(0, 10, 60_000)), numbered(random.integers(0, 10, 10_000), 60_000))
    splits = split(dataset)
    assert splits.sizes == (50_000, 10_000, 10_000)
    assert sorted(numbers(splits.train) + numbers(splits.validation)) == list(range(60_000))
    assert numbers(splits.test) == list(range(60_000, 70_000))
    whole = np.bincount(dataset.train.labelled())
    np.testing.assert_allclose(np.bincount(splits.validation.labelled()), whole / 6, atol=2)
    assert (splits.name, splits.source, splits.seed) == ("numbered", "test", 0)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 9), min_size=7, max_size=300),
    st.integers(0, 2**40),
    st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30)),
)
def test_any_draw_is_disjoint_stratified_and_repeatable(
    labels: list[int], seed: int, sizes: tuple[int, int, int]
) -> None:
    dataset = Dataset(numbered(np.array(labels)))
    if sum(sizes) > len(labels):
        with pytest.raises(ByhandError):
            split(dataset, seed, sizes)
        sizes = (len(labels) - 2, 1, 1)
    splits = split(dataset, seed, sizes)
    parts = [splits.train, splits.validation, splits.test]
    assert splits.sizes == sizes
    drawn = [number for part in parts for number in numbers(part)]
    assert len(set(drawn)) == len(drawn)
    for part in parts:
        assert numbers(part) == sorted(numbers(part))
        share = np.bincount(labels, minlength=10) * len(part) / len(labels)
        # Systematic sampling: each class is within one of its share in any stretch, and all ten may lean one way.
        assert np.abs(np.bincount(part.labelled(), minlength=10) - share).max() < 3
    again = split(dataset, seed, sizes)
    assert [numbers(part) for part in (again.train, again.validation, again.test)] == [numbers(part) for part in parts]


def test_a_known_draw_stays_the_same() -> None:
    """Recorded results contain only the seed, so the draw must never change."""
    splits = split(Dataset(numbered(np.arange(40) % 10)), seed=3, sizes=(20, 10, 10))
    assert numbers(splits.validation) == [2, 8, 11, 14, 15, 20, 23, 26, 29, 37]


def test_an_official_test_set_is_the_only_source_of_test_digits(refused: Callable[[str], Any]) -> None:
    dataset = Dataset(numbered(np.arange(60) % 10), numbered(np.arange(20) % 10, 60))
    assert split(dataset, sizes="0.7/0.15/0.15").sizes == (49, 11, 20)
    fewer = split(dataset, sizes="30/10/10")
    assert fewer.sizes == (30, 10, 10)
    assert min(numbers(fewer.test)) >= 60
    assert np.bincount(fewer.test.labelled()).tolist() == [1] * 10
    for sizes in ((30, 10, 21), (30, 31, 10)):
        with refused("data.split_too_large"):
            split(dataset, sizes=sizes)


def test_an_unlabelled_test_file_counts_as_none() -> None:
    dataset = Dataset(numbered(np.arange(70) % 10), Digits(np.zeros((5, 28, 28), np.uint8), None, "x", "y"))
    assert split(dataset).sizes == (50, 10, 10)


def test_digits_that_cannot_be_split(refused: Callable[[str], Any]) -> None:
    with refused("data.unlabelled"):
        split(Dataset(Digits(np.zeros((9, 28, 28), np.uint8), None, "x", "y")))
    with refused("data.empty"):
        split(Dataset(numbered(np.array([1, 2]))))


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("50000/10000/10000", (50_000, 10_000, 10_000)),
        (" 5 / 1 / 1 ", (5, 1, 1)),
        ("0.7/0.15/0.15", (Fraction(7, 10), Fraction(3, 20), Fraction(3, 20))),
        ("0.333/0.333/0.333", (Fraction(1, 3),) * 3),
        (".5/.25/.25", (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))),
    ],
)
def test_parse(text: str, sizes: tuple[object, ...]) -> None:
    assert parse_split(text) == sizes


@pytest.mark.parametrize(
    "text",
    [
        *("", "1/2", "1/2/3/4", "a/b/c", "0/1/1", "-1/1/1", "1e3/1/1", "nan/1/1", "./1/1", "٣/1/1"),
        *("0.5/0.5/0.5", "0.1/0.1/0.1", "0.7/0.3/0", "1/0.5/0.5", "1/1/" + "9" * 5000),
    ],
)
def test_invalid_sizes(text: str, refused: Callable[[str], Any]) -> None:
    with refused("data.invalid_split"):
        parse_split(text)
