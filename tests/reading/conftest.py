"""Digits drawn stroke by stroke on paper of any brightness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from byhand.reading import Reader

Array = np.ndarray[Any, Any]


def arc(x: float, y: float, a: float, b: float, start: float, stop: float) -> list[tuple[float, float]]:
    """Points of an ellipse's arc; degrees, clockwise from the right, y downwards."""
    turns = np.radians(np.linspace(start, stop, 24))
    return [(x + a * np.cos(turn), y + b * np.sin(turn)) for turn in turns]


# In a box one unit high; x from 0 to about 0.6.
STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "0": [arc(0.3, 0.5, 0.28, 0.48, -90, 270)],
    "1": [[(0.3, 0.02), (0.27, 0.98)]],
    "2": [[*arc(0.3, 0.28, 0.26, 0.26, 190, 380), (0.02, 0.97), (0.6, 0.95)]],
    "3": [[*arc(0.28, 0.26, 0.24, 0.23, 200, 450), *arc(0.26, 0.72, 0.3, 0.25, -90, 160)]],
    "4": [[(0.4, 0.02), (0.02, 0.62), (0.62, 0.6)], [(0.45, 0.3), (0.42, 0.98)]],
    "5": [[(0.55, 0.03), (0.12, 0.04), (0.08, 0.45), *arc(0.25, 0.68, 0.29, 0.28, -70, 160)]],
    "6": [[(0.48, 0.02), (0.2, 0.3), *arc(0.3, 0.72, 0.25, 0.25, 190, 560)]],
    "7": [[(0.02, 0.05), (0.58, 0.03), (0.22, 0.98)]],
    "8": [[*arc(0.3, 0.26, 0.2, 0.23, 90, 450), *arc(0.3, 0.73, 0.25, 0.25, -90, 270)]],
    "9": [[*arc(0.28, 0.28, 0.24, 0.25, 0, 360), (0.5, 0.4), (0.42, 0.98)]],
}


def drawn(
    text: str, high: int = 60, pen: int = 4, paper: int = 255, ink: int = 0, margin: float = 0.5, gap: float = 0.45
) -> Array:
    """Draw lines of digits: uint8 ``(H, W)``; margins and gaps in digit heights."""
    lines = text.split("\n")
    longest = max(len(line) for line in lines)
    step = (0.6 + gap) * high
    width = round(2 * margin * high + longest * step - gap * high)
    height = round(2 * margin * high + len(lines) * 1.6 * high - 0.6 * high)
    page = np.full((height, max(width, 1)), paper, np.uint8)
    for row, line in enumerate(lines):
        for column, digit in enumerate(line):
            corner = np.array([margin * high + column * step, (margin + 1.6 * row) * high])
            for stroke in STROKES.get(digit, []):
                points = np.rint((np.array(stroke) * high + corner) * 16).astype(np.int32)
                cv2.polylines(page, [points], False, ink, pen, cv2.LINE_AA, shift=4)
    return page


@pytest.fixture(scope="session")
def draw() -> Callable[..., Array]:
    """``draw("15\\n23", high=60, pen=4, paper=255, ink=0)``: a page."""
    return drawn


@pytest.fixture(scope="session")
def reader() -> Reader:
    """A reader with the shipped weights."""
    return Reader()
