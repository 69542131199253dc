"""Ink as in MNIST: the box, the center of mass, the width of strokes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.data import load_dataset
from byhand.reading import Reader
from byhand.reading.render import BOX, THICKEST, THINNEST, render, stroke_width

Array = np.ndarray[Any, Any]


@given(high=st.integers(24, 300), pen=st.integers(2, 6), digit=st.sampled_from("02345689"))
def test_the_box_and_the_center(draw: Callable[..., Array], high: int, pen: int, digit: str) -> None:
    image = render(255 - draw(digit, high=high, pen=pen))
    rows, columns = np.nonzero(image)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX
    mass = image.sum(dtype=float)
    # Shifts are whole pixels, so the center of mass is off by half a pixel at most.
    assert abs((image.sum(axis=1) @ np.arange(28)) / mass - 14) <= 0.51
    assert abs((image.sum(axis=0) @ np.arange(28)) / mass - 14) <= 0.51
    assert image.max() > 240


@pytest.mark.parametrize("pen", [1, 2, 4, 10, 20])
def test_strokes_come_into_mnists_range(draw: Callable[..., Array], pen: int) -> None:
    image = render(255 - draw("3", high=120, pen=pen))
    fine = cv2.resize(image, (168, 168), interpolation=cv2.INTER_CUBIC)
    assert THINNEST - 0.4 < stroke_width((fine > 127).astype(np.uint8)) / 6 < THICKEST + 0.4


# The strokes of the second are far thinner than a pixel.
@pytest.mark.parametrize(("digit", "high", "pens"), [("5", 120, (2, 13)), ("8", 1000, (2, 100))])
def test_thickening_keeps_the_shape(draw: Callable[..., Array], digit: str, high: int, pens: tuple[int, int]) -> None:
    thin, default = (render(255 - draw(digit, high=high, pen=pen)).astype(float) for pen in pens)
    # The centers of mass may round to adjacent pixels.
    shifted = [np.roll(thin, by, axis=(0, 1)) for by in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))]
    assert max(np.corrcoef(one.ravel(), default.ravel())[0, 1] for one in shifted) > 0.95


def test_a_bar_of_two_columns() -> None:
    """`cv2.moments` would take an array of two columns for a list of points."""
    image = render(np.full((60, 3), 255, np.uint8))
    assert np.ptp(np.nonzero(image)[0]) == BOX - 1


@pytest.mark.slow
def test_mnist_stays_mnist(reader: Reader, real_mnist: Any) -> None:
    test = load_dataset(str(real_mnist)).test
    assert test is not None
    images, labels = test.images[:1500], test.labelled()[:1500]
    direct = reader.probabilities(images)[:, :10].argmax(axis=1)
    through = np.stack([reader.read(image, single=True).digits[0].ink for image in images])
    read = reader.probabilities(through)[:, :10].argmax(axis=1)
    assert (read == labels).mean() > (direct == labels).mean() - 0.004
