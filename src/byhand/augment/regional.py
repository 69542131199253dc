"""Regional styles that MNIST, written in the United States, hardly has: a 1 with flag and foot, a 7 with a bar."""

from __future__ import annotations

import cv2
import numpy as np

from byhand.hands import Array

FLAGGED, FOOTED, BARRED = 0.35, 0.25, 0.3
"""Fractions of the ones and sevens that get one."""


def add_regional_styles(canvases: Array, labels: Array, rng: np.random.Generator) -> None:
    """Add flags and feet to some ones and bars to some sevens, in place; canvases are uint8 ``(B, 56, 56)``."""
    for n in np.flatnonzero(labels == 1):
        flag, foot, long, steep, wide = rng.random(5)
        top, bottom, pen = _stroke(canvases[n])
        high = bottom[1] - top[1]
        if flag < FLAGGED and high > 20:
            # To the left and down from the top: steeper than any seven's.
            x, y = (0.18 + 0.32 * long) * high, (0.2 + 0.25 * steep) * high
            cv2.line(canvases[n], top, (int(top[0] - x), int(top[1] + y)), 255, pen, cv2.LINE_AA)
        if foot < FOOTED and high > 20:
            half = (0.15 + 0.2 * wide) * high
            ends = ((int(bottom[0] - half), bottom[1]), (int(bottom[0] + half), bottom[1]))
            cv2.line(canvases[n], *ends, 255, pen, cv2.LINE_AA)
    for n in np.flatnonzero(labels == 7):
        bar, position, wide, tilt = rng.random(4)
        top, bottom, pen = _stroke(canvases[n])
        high = bottom[1] - top[1]
        if bar < BARRED and high > 20:
            row = int(top[1] + (0.45 + 0.15 * position) * high)
            columns = np.flatnonzero(canvases[n, row] > 100)
            if len(columns):
                half, rise = (0.14 + 0.14 * wide) * high, (0.2 * tilt - 0.1) * high
                x = columns.mean()
                ends = ((int(x - half), int(row + rise / 2)), (int(x + half), int(row - rise / 2)))
                cv2.line(canvases[n], *ends, 255, pen, cv2.LINE_AA)


def _stroke(canvas: Array) -> tuple[tuple[int, int], tuple[int, int], int]:
    """The upper and the lower end of the ink, as x and y, and the stroke width."""
    ink = canvas > 100
    rows = np.flatnonzero(ink.any(axis=1))
    if not len(rows):
        return (0, 0), (0, 0), 1
    top, bottom = ((int(np.flatnonzero(ink[row]).mean()), int(row)) for row in (rows[0], rows[-1]))
    return top, bottom, int(np.clip(0.8 * np.median(ink[rows].sum(axis=1)), 2, 6))
