from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from byhand.data import Dataset, Digits


def test_take_copies_in_the_given_order(images: np.ndarray, labels: np.ndarray) -> None:
    digits = Digits(images, labels, "x", "y")
    taken = digits.take([4, 2])
    np.testing.assert_array_equal(taken.images, images[[4, 2]])
    assert taken.labelled().tolist() == [4, 2]
    assert (taken.name, taken.source, len(taken)) == ("x", "y", 2)
    assert not np.shares_memory(taken.images, images)
    assert taken.images.flags.writeable
    assert len(digits.take(labels == 3)) == 3


def test_unlabelled(images: np.ndarray, refused: Callable[[str], Any]) -> None:
    digits = Digits(images, None, "x", "y").take([1])
    assert digits.labels is None
    with refused("data.unlabelled"):
        digits.labelled()
    with refused("data.empty"):
        digits.take([])


@pytest.mark.parametrize(
    ("shape", "kind"), [((2, 28, 27), np.uint8), ((2, 784), np.uint8), ((28, 28), np.uint8), ((2, 28, 28), np.float32)]
)
def test_images_of_another_shape_or_type(shape: tuple[int, ...], kind: type, refused: Callable[[str], Any]) -> None:
    with refused("data.bad_images"):
        Digits(np.zeros(shape, kind), None, "x", "y")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (np.zeros(29, np.uint8), "data.bad_labels"),
        (np.zeros(30, np.int64), "data.bad_labels"),
        (np.zeros((30, 1), np.uint8), "data.bad_labels"),
        (np.full(30, 10, np.uint8), "data.label_out_of_range"),
    ],
)
def test_labels_that_do_not_fit(
    images: np.ndarray, wrong: np.ndarray, code: str, refused: Callable[[str], Any]
) -> None:
    with refused(code):
        Digits(images, wrong, "x", "y")


def test_a_dataset_iterates_over_its_parts(images: np.ndarray) -> None:
    digits = Digits(images, None, "x", "y")
    assert [part.source for part in Dataset(digits).renamed("a", "b")] == ["b"]
    assert [part.name for part in Dataset(digits, digits).renamed("a", "b")] == ["a", "a"]
