"""Transformed copies of pictures, as other cameras, hands and programs would have made them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.rng import generator

Array = npt.NDArray[Any]

LEAST = 28
"""Pixels of the shorter side that no copy is scaled below: MNIST's own."""
MOST = 8_000_000
"""Pixels that no copy is scaled beyond; the reader scales such pictures down first."""


def rotated(pixels: Array, degrees: float) -> Array:
    """Turn a picture about its centre on paper that goes on as it ends, without strokes; nothing is cut off."""
    height, width = pixels.shape[:2]
    margin = round(0.3 * max(height, width))
    # What lies beyond the border is the median of its surroundings, so that no stroke is drawn out to a line.
    small = cv2.resize(pixels, (90, 90), interpolation=cv2.INTER_AREA)
    paper = cv2.resize(cv2.medianBlur(small, 61), (width, height), interpolation=cv2.INTER_LINEAR)
    wide = cv2.copyMakeBorder(paper, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    wide[margin : margin + height, margin : margin + width] = pixels
    turn = cv2.getRotationMatrix2D((wide.shape[1] / 2, wide.shape[0] / 2), degrees, 1.0)
    size = (wide.shape[1], wide.shape[0])
    return np.asarray(cv2.warpAffine(wide, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def scaled(pixels: Array, factor: float) -> Array:
    """Scale a picture, not below `LEAST` nor beyond `MOST`."""
    height, width = pixels.shape[:2]
    factor = max(factor, min(1.0, LEAST / min(height, width)))
    factor = min(factor, max(1.0, math.sqrt(MOST / (height * width))))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    config = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=config))


def faded(pixels: Array) -> Array:
    """Leave 40 % of the contrast."""
    return np.asarray(np.rint(0.4 * pixels.astype(np.float32) + 0.6 * 128), np.uint8)


def squeezed(pixels: Array) -> Array:
    """Save as JPEG of quality 30 and open it again."""
    _, coded = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])


def noisy(pixels: Array) -> Array:
    """Add Gaussian noise of a standard deviation of 12 grey levels."""
    noise = generator(0, "noise", *pixels.shape[:2]).normal(0, 12, pixels.shape)
    return np.asarray(np.clip(np.rint(pixels + noise), 0, 255), np.uint8)


def inverted(pixels: Array) -> Array:
    """Light ink on dark paper, and the other way round."""
    return np.asarray(255 - pixels)


TRANSFORMS: dict[str, Callable[[Array], Array]] = {
    "as it is": lambda pixels: pixels,
    "rotated by 15 degrees": lambda pixels: rotated(pixels, 15),
    "rotated by -15 degrees": lambda pixels: rotated(pixels, -15),
    "rotated by 7 degrees": lambda pixels: rotated(pixels, 7),
    "scaled to 0.3": lambda pixels: scaled(pixels, 0.3),
    "scaled to 0.5": lambda pixels: scaled(pixels, 0.5),
    "scaled to 2": lambda pixels: scaled(pixels, 2),
    "scaled to 4": lambda pixels: scaled(pixels, 4),
    "contrast 40 %": faded,
    "JPEG quality 30": squeezed,
    "noise": noisy,
    "inverted": inverted,
}
"""Names and what they do to RGB pixels, uint8 ``(H, W, 3)``."""
