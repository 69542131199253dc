"""From a picture to ink: polarity, shadows, noise, colors, ruled lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.reading.components import find_components, remove_rules
from byhand.reading.ink import find_ink, is_dark_on_light, octagon, percentiles

Array = np.ndarray[Any, Any]


def rgb(grey: Array) -> Array:
    return np.repeat(grey[..., None], 3, axis=2)


def overlap(level: Array, grey: Array) -> float:
    """Intersection over union of the ink that was found and the ink that was drawn."""
    size = (level.shape[1], level.shape[0])
    drawn = cv2.resize(255 - grey, size, interpolation=cv2.INTER_LINEAR) >= 128
    return float((drawn & (level >= 128)).sum() / (drawn | (level >= 128)).sum())


@pytest.mark.parametrize("pen", [1, 4, 14])
@pytest.mark.parametrize("digit", list("0147"))
def test_polarity(draw: Callable[..., Array], digit: str, pen: int) -> None:
    page = draw(digit, pen=pen)
    assert is_dark_on_light(page)
    assert not is_dark_on_light(255 - page)


def test_strokes_may_be_wide(draw: Callable[..., Array]) -> None:
    page = draw("6", high=120, pen=26, margin=0.8)
    cv2.circle(page, (132, 182), 26, 0, -1)  # its round, filled
    assert overlap(find_ink(rgb(page)).level, page) > 0.9


def test_the_edge_lies_half_way(draw: Callable[..., Array]) -> None:
    page = draw("2853", pen=7)
    assert overlap(find_ink(rgb(page)).level, page) > 0.93
    faint = (255 - 0.2 * (255 - page.astype(float))).astype(np.uint8)
    assert overlap(find_ink(rgb(faint)).level, page) > 0.93


def test_shadows_leave_no_ink(draw: Callable[..., Array]) -> None:
    page = draw("2853", pen=5).astype(float)
    rows, columns = np.mgrid[: page.shape[0], : page.shape[1]]
    light = 0.35 + 0.65 / (1 + np.exp((columns + 2 * rows - 200) / 15))
    found = find_ink(rgb(np.clip(page * light, 0, 255).astype(np.uint8)))
    assert overlap(found.level, page.astype(np.uint8)) > 0.75
    # The paper's stage is the light.
    paper = found.stages["paper"].astype(float)
    assert np.abs(paper / 255 - cv2.resize(light, paper.shape[::-1])).mean() < 0.06


def test_a_table_beside_the_paper_is_not_ink(draw: Callable[..., Array]) -> None:
    page = draw("28", pen=5)
    page[:, -25:] = 40
    _, components, _ = find_components(find_ink(rgb(page)))
    assert len(components) == 2
    assert max(one.box[2] for one in components) <= page.shape[1] - 25


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((255, 255, 255), (255, 220, 60)),  # yellow on white
        ((255, 230, 230), (255, 150, 150)),  # pink on pink
        ((60, 60, 160), (60, 130, 60)),  # green on blue, alike in luminance
        ((20, 40, 20), (220, 240, 220)),  # chalk
    ],
)
def test_coloured_ink(draw: Callable[..., Array], paper: tuple[int, ...], ink: tuple[int, ...]) -> None:
    page = draw("385", pen=6)
    share = (255 - page[..., None]) / 255
    coloured = (share * np.array(ink) + (1 - share) * np.array(paper)).astype(np.uint8)
    assert overlap(find_ink(coloured).level, page) > 0.85


@pytest.mark.parametrize("width", [19, 23, 37, 61])
def test_the_octagon_is_nearly_a_disk(width: int) -> None:
    point = np.zeros((width + 4, width + 4), np.uint8)
    point[width // 2 + 2, width // 2 + 2] = 1
    for element in octagon(width):
        point = cv2.dilate(point, element)
    rows, columns = np.nonzero(point)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (width, width)
    assert np.array_equal(point, point.T)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    assert (point[2:-2, 2:-2] != disk).mean() < 0.12


@given(st.lists(st.integers(0, 255), min_size=1, max_size=50), st.floats(0, 100))
def test_percentiles_are_numpys(values: list[int], percent: float) -> None:
    expected = np.percentile(values, (percent, 50))
    assert percentiles(np.array(values, np.uint8), percent, 50) == pytest.approx(expected, abs=1e-9)


class TestRules:
    def ruled(self, page: Array, rows: list[int], slope: float = 0.0, thick: int = 2) -> Array:
        mask = (page < 128).astype(np.uint8)
        for row in rows:
            end = round(row + slope * mask.shape[1])
            cv2.line(mask, (0, row), (mask.shape[1], end), 1, thick)
        return mask

    @pytest.mark.parametrize("slope", [0.0, 0.02, -0.03])
    def test_ruled_paper(self, draw: Callable[..., Array], slope: float) -> None:
        page = draw("3852", high=80, pen=5)
        mask = (page < 128).astype(np.uint8)
        left, _ = remove_rules(self.ruled(page, [20, 75, 130, 185], slope))
        rules_left = int(((left == 1) & (mask == 0)).sum())
        assert rules_left < 0.1 * mask.sum()
        # Strokes that cross a line are kept.
        assert int(((left == 0) & (mask == 1)).sum()) < 0.12 * mask.sum()

    @pytest.mark.parametrize("margin", [0.02, 0.06, 0.1])
    @pytest.mark.parametrize("digit", list("12479"))
    def test_strokes_of_a_large_digit_are_not_ruled_lines(
        self, draw: Callable[..., Array], digit: str, margin: float
    ) -> None:
        page = draw(digit, high=100, pen=6, margin=margin)
        mask = (page < 128).astype(np.uint8)
        assert np.array_equal(remove_rules(mask)[0], mask)
