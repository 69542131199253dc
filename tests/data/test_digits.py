from __future__ import annotations

import numpy as np
import pytest

from byhand.data import Dataset, Digits
from byhand.errors import ByhandError


def test_take_copies_in_the_order_asked_for(images: np.ndarray, labels: np.ndarray) -> None:
    digits = Digits(images, labels, "x", "y")
    taken = digits.take([4, 2])
    np.testing.assert_array_equal(taken.images, images[[4, 2]])
    assert taken.labelled().tolist() == [4, 2]
    assert (taken.name, taken.source, len(taken)) == ("x", "y", 2)
    assert not np.shares_memory(taken.images, images)
    assert taken.images.flags.writeable
    assert len(digits.take(labels == 3)) == 3


def test_unlabelled(images: np.ndarray) -> None:
    digits = Digits(images, None, "x", "y").take([1])
    assert digits.labels is None
    with pytest.raises(ByhandError, match="x has no labels"):
        digits.labelled()


def test_nothing_taken(images: np.ndarray) -> None:
    with pytest.raises(ByhandError, match="no images"):
        Digits(images, None, "x", "y").take([])


@pytest.mark.parametrize(
    ("shape", "kind"), [((2, 28, 27), np.uint8), ((2, 784), np.uint8), ((28, 28), np.uint8), ((2, 28, 28), np.float32)]
)
def test_images_of_another_shape_or_type(shape: tuple[int, ...], kind: type) -> None:
    with pytest.raises(ByhandError, match=r"expected \(N, 28, 28\) of uint8"):
        Digits(np.zeros(shape, kind), None, "x", "y")


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (np.zeros(29, np.uint8), "29 labels for 30 images"),
        (np.zeros(30, np.int64), "type int64"),
        (np.zeros((30, 1), np.uint8), r"shape \(30, 1\)"),
        (np.full(30, 10, np.uint8), r"image 0 \(counted from 0\) as 10"),
    ],
)
def test_labels_that_do_not_fit(images: np.ndarray, wrong: np.ndarray, found: str) -> None:
    with pytest.raises(ByhandError, match=found):
        Digits(images, wrong, "x", "y")


def test_dataset_goes_through_the_parts_there_are(images: np.ndarray) -> None:
    digits = Digits(images, None, "x", "y")
    assert [part.source for part in Dataset(digits).called("a", "b")] == ["b"]
    assert [part.name for part in Dataset(digits, digits).called("a", "b")] == ["a", "a"]
