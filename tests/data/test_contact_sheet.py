from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from byhand.data import Digits, contact_sheet


def _drawn(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def _cell(drawn: np.ndarray, row: int, column: int) -> np.ndarray:
    """A digit of the sheet, reduced to 28x28."""
    top, left = contact_sheet.TOP + row * contact_sheet.CELL, contact_sheet.LEFT + column * contact_sheet.CELL
    return drawn[top : top + 56 : 2, left : left + 56 : 2]


def test_a_row_for_each_class(tmp_path: Path, images: np.ndarray, labels: np.ndarray) -> None:
    contact_sheet.write(Digits(images, labels, "Ziffern", "y"), tmp_path / "any.suffix")
    drawn = _drawn(tmp_path / "any.suffix")
    for number, image in enumerate(images):
        np.testing.assert_array_equal(_cell(drawn, int(labels[number]), number // 10), image)
    assert (_cell(drawn, 0, 3) == contact_sheet.PAPER).all()


def test_many_digits_are_spread_evenly(tmp_path: Path) -> None:
    images = np.repeat(np.arange(200, dtype=np.uint8), 784).reshape(200, 28, 28)
    contact_sheet.write(Digits(images, np.full(200, 4, np.uint8), "x", "y"), tmp_path / "x.png")
    drawn = _drawn(tmp_path / "x.png")
    assert [_cell(drawn, 4, column)[0, 0] for column in range(20)] == list(range(0, 200, 10))


def test_unlabelled(tmp_path: Path, images: np.ndarray) -> None:
    contact_sheet.write(Digits(images, None, "数字", "y"), tmp_path / "x.png")
    drawn = _drawn(tmp_path / "x.png")
    np.testing.assert_array_equal(_cell(drawn, 1, 9), images[29])


def test_decimal_numbers_if_they_fit(images: np.ndarray) -> None:
    text = contact_sheet.as_text(images[0], 111)
    assert [[int(word) for word in line.split()] for line in text.splitlines()] == images[0].tolist()
    assert len({len(line) for line in text.splitlines()}) == 1


def test_hexadecimal_numbers_if_they_do_not(images: np.ndarray) -> None:
    *rows, legend = contact_sheet.as_text(images[0], 110).splitlines()
    assert [len(row) for row in rows] == [56] * 28
    levels = [[int(row[at : at + 2].replace(" .", "00"), 16) for at in range(0, 56, 2)] for row in rows]
    assert levels == images[0].tolist()
    assert "111 columns" in legend
    assert len(legend) <= 80
