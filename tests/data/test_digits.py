"""Digits: in memory, embedded, stored under a name, and on a contact sheet."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.interpolate import CubicHermiteSpline

from byhand.data import Dataset, Digits, cache, contact_sheet, embedded, load_dataset


def test_take_copies_in_the_given_order(images: np.ndarray, labels: np.ndarray) -> None:
    digits = Digits(images, labels, "x", "y")
    taken = digits.take([4, 2])
    np.testing.assert_array_equal(taken.images, images[[4, 2]])
    assert taken.labelled().tolist() == [4, 2]
    assert (taken.name, taken.source, len(taken)) == ("x", "y", 2)
    assert not np.shares_memory(taken.images, images)
    assert taken.images.flags.writeable
    assert len(digits.take(labels == 3)) == 3


def test_digits_without_labels(images: np.ndarray, refused: Callable[[str], Any]) -> None:
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


def test_weights_are_catmull_and_roms() -> None:
    """The same spline by SciPy: Hermite cubics whose slopes are central differences."""
    padded = np.arange(-3.0, 11.0)
    values = np.random.default_rng(0).normal(size=8)
    levels = values[np.clip(padded, 0, 7).astype(int)]
    slopes = np.gradient(levels)
    places = (np.arange(20) + 0.5) * 8 / 20 - 0.5
    expected = CubicHermiteSpline(padded, levels, slopes)(places)
    np.testing.assert_allclose(embedded._catmull_rom() @ values / embedded.SCALE, expected, atol=1e-12)


def test_digits_are_centred_light_on_dark_and_the_same_everywhere() -> None:
    train = embedded.digits().train
    assert len(train) == 1797
    assert np.bincount(train.labelled()).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    margin = np.ones((28, 28), bool)
    margin[4:24, 4:24] = False
    assert not train.images[:, margin].any()
    assert train.images.max() == 255
    # Paper stays paper: the pixels that never hold ink keep the mean low, as MNIST's 33.
    assert 30 < train.images.mean() < 60
    assert (
        hashlib.sha256(train.images.tobytes()).hexdigest()
        == "a8d50e161a0edbf9183928c5e5999cfae96a47f426e72bdb63a08a240382b96e"
    )


def test_stored_digits_are_loaded_by_name(images: np.ndarray, labels: np.ndarray, tmp_path: Path) -> None:
    dataset = Dataset(Digits(images[:20], labels[:20], "x", "y"), Digits(images[20:], None, "x", "y"))
    path = cache.store(dataset, "my-digits_2")
    loaded = load_dataset("my-digits_2")
    assert (loaded.train.name, loaded.train.source) == ("my-digits_2", "imported")
    np.testing.assert_array_equal(loaded.train.images, images[:20])
    np.testing.assert_array_equal(loaded.train.labelled(), labels[:20])
    assert loaded.test is not None
    np.testing.assert_array_equal(loaded.test.images, images[20:])
    assert loaded.test.labels is None
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["x_test.npy", "x_train.npy", "y_train.npy"]
    assert cache.imported_names() == ["my-digits_2"]


@pytest.mark.parametrize("name", ["auto", "mnist", "digits", "", "../x", "a/b", "Capital", "a b", "x" * 65])
def test_invalid_names(name: str, images: np.ndarray, tmp_path: Path, refused: Callable[[str], Any]) -> None:
    with refused("data.invalid_name"):
        cache.store(Dataset(Digits(images, None, "x", "y")), name)
    assert list(tmp_path.rglob("*")) == []


def _drawn(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def _cell(drawn: np.ndarray, row: int, column: int) -> np.ndarray:
    """A digit of the sheet, dark on light, reduced to 28x28."""
    top, left = contact_sheet.TOP + row * contact_sheet.CELL, contact_sheet.LEFT + column * contact_sheet.CELL
    return drawn[top : top + 56 : 2, left : left + 56 : 2]


def test_a_row_for_each_class(tmp_path: Path, images: np.ndarray, labels: np.ndarray) -> None:
    contact_sheet.write(Digits(images, labels, "Ziffern", "y"), tmp_path / "any.suffix")
    drawn = _drawn(tmp_path / "any.suffix")
    for number, image in enumerate(images):
        np.testing.assert_array_equal(_cell(drawn, int(labels[number]), number // 10), 255 - image)
    assert (_cell(drawn, 0, 3) == contact_sheet.PAPER).all()


def test_hexadecimal_numbers_if_they_do_not(images: np.ndarray) -> None:
    *rows, legend = contact_sheet.as_text(images[0], 110).splitlines()
    assert [len(row) for row in rows] == [56] * 28
    levels = [[int(row[at : at + 2].replace(" .", "00"), 16) for at in range(0, 56, 2)] for row in rows]
    assert levels == images[0].tolist()
    assert "111 columns" in legend
    assert len(legend) <= 80
