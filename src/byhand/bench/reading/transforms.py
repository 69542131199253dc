"""Transformed copies of pictures, as other cameras, hands and programs would have made them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from byhand.data.digits import SIDE
from byhand.hands import Array
from byhand.rng import generator

MAX_PIXELS = 8_000_000
"""Of a scaled copy; the reader scales such pictures down first."""


def rotate(pixels: Array, degrees: float) -> Array:
    """Turn a picture about its center on paper that extends it without strokes; nothing is cut off."""
    height, width = pixels.shape[:2]
    margin = round(0.3 * max(height, width))
    # Beyond the border lies the median of its surroundings, so that no stroke is extended to a line.
    small = cv2.resize(pixels, (90, 90), interpolation=cv2.INTER_AREA)
    paper = cv2.resize(cv2.medianBlur(small, 61), (width, height), interpolation=cv2.INTER_LINEAR)
    wide = cv2.copyMakeBorder(paper, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    wide[margin : margin + height, margin : margin + width] = pixels
    size = (wide.shape[1], wide.shape[0])
    rotation = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(wide, rotation, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def scale(pixels: Array, factor: float) -> Array:
    """Scale a picture, not below 28 pixels on its shorter side nor beyond `MAX_PIXELS`."""
    height, width = pixels.shape[:2]
    factor = max(factor, min(1.0, SIDE / min(height, width)))
    factor = min(factor, max(1.0, math.sqrt(MAX_PIXELS / (height * width))))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR))


def fade(pixels: Array) -> Array:
    """Keep 40 % of the contrast."""
    return np.asarray(np.rint(0.4 * pixels.astype(np.float32) + 0.6 * 128), np.uint8)


def compress(pixels: Array) -> Array:
    """Save as JPEG of quality 30 and open it again."""
    _, coded = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])


def add_noise(pixels: Array) -> Array:
    """Add Gaussian noise with a standard deviation of 12 grey levels."""
    noise = generator(0, "noise", *pixels.shape[:2]).normal(0, 12, pixels.shape)
    return np.asarray(np.clip(np.rint(pixels + noise), 0, 255), np.uint8)


TRANSFORMS: dict[str, Callable[[Array], Array]] = {
    "unchanged": lambda pixels: pixels,
    **{f"rotated by {degrees} degrees": partial(rotate, degrees=degrees) for degrees in (15, -15, 7)},
    **{f"scaled to {factor}": partial(scale, factor=factor) for factor in (0.3, 0.5, 2, 4)},
    "contrast 40 %": fade,
    "JPEG quality 30": compress,
    "noise": add_noise,
    "inverted": lambda pixels: np.asarray(255 - pixels),
}
"""Names and functions of RGB pixels, uint8 ``(H, W, 3)``."""
