"""Ink of one digit -> 28x28 as in MNIST.

LeCun et al. (1998): the digit fits a box of 20x20 pixels with its aspect ratio kept, anti-aliased, and its center of
mass is the center of the 28x28 pixels. MNIST's strokes are 1.6 to 3.7 pixels wide in nine of ten digits (median 2.3);
a mouse draws far thinner and a marker thicker ones, so strokes are brought into that range. If the ink has a longer
side L and a stroke width w, and the target is a longer side of 20 and a stroke width T, then the center line of the
strokes spans L - w, so that

    scale = (20 - T) / (L - w),    growth on each side = (T / scale - w) / 2.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.data.digits import SIDE

Array = npt.NDArray[Any]

BOX = 20
"""Longer side of a digit's box in the 28x28 image, as in MNIST."""
FINE = 4
"""Working resolution, in pixels per pixel of the 28x28 image."""
THINNEST, THICKEST = 2.0, 3.3
"""Range of stroke widths that are left unchanged."""
MIN_STROKE = 2
"""Smallest stroke width at the working resolution."""
MARGIN = 8 * FINE


def stroke_width(mask: Array) -> float:
    """Mean width of the strokes of a mask (uint8, zero or not) in pixels.

    Across a stroke of width w the mean distance to its edge is w / 4; distances to the center of the nearest pixel
    outside are half a pixel larger.
    """
    inside = cv2.countNonZero(mask)
    if not inside:
        return 0.0
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    return max(4 * (float(distance.sum()) / inside - 0.5), 0.5)


def render(ink: Array) -> Array:
    """Draw ink, uint8 ``(h, w)`` with an empty border, as in MNIST: uint8 ``(28, 28)``, all 0 if no ink reaches 128."""
    box = cv2.boundingRect((ink >= 128).astype(np.uint8))
    left, top, width, height = box
    if not width:
        return np.zeros((SIDE, SIDE), np.uint8)
    # One pixel around the box keeps the slope of its edges.
    framed = cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)[
        top : top + height + 2, left : left + width + 2
    ]
    scale = BOX * FINE / max(width, height)
    if scale < 0.5:
        framed = _widen_strokes(framed, scale)
    size = (max(1, round(framed.shape[1] * scale)), max(1, round(framed.shape[0] * scale)))
    fine = cv2.resize(framed, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if scale > 2:
        # Smooth the steps between the source's pixels, which are larger than those of the working resolution.
        fine = cv2.GaussianBlur(fine, (0, 0), 0.4 * scale)
    fine = cv2.copyMakeBorder(fine, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=0)
    mask = (fine >= 128).astype(np.uint8)
    if not cv2.countNonZero(mask):
        return np.zeros((SIDE, SIDE), np.uint8)
    distance = _signed_distance(mask)
    length = max(cv2.boundingRect(mask)[2:]) / FINE
    current = min(stroke_width(mask) / FINE, 0.6 * length)
    target = min(max(current, THINNEST), THICKEST)
    growth = 0.0
    if target != current:
        growth = (target * (length - current) / (BOX - target) - current) / 2
        # No stroke may vanish.
        growth = max(growth, -0.3 * current, -0.5 * float(distance.max()) / FINE)
    soft = np.clip(distance + (FINE * growth + 0.5), 0, 1)
    return _fit(soft)


def _widen_strokes(ink: Array, scale: float) -> Array:
    """Widen strokes that scaling down would lose to `MIN_STROKE`."""
    lacking = round(MIN_STROKE / scale - stroke_width((ink >= 128).astype(np.uint8)))
    if lacking < 1:
        return ink
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (lacking + 1, lacking + 1))
    margin = lacking // 2 + 1
    wide = cv2.copyMakeBorder(ink, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.dilate(wide, element))


def _signed_distance(mask: Array) -> Array:
    """Distance to the edge of a mask in pixels, negative outside."""
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
    return np.asarray(np.where(mask, inside - 0.5, 0.5 - outside))


def _fit(soft: Array) -> Array:
    """Scale a drawing (float, 0 to 1) into the 20x20 box and put its center of mass at the center."""
    left, top, width, height = cv2.boundingRect((soft > 0.05).astype(np.uint8))
    scale = BOX / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    box = np.ascontiguousarray(soft[top : top + height, left : left + width])
    small = cv2.resize(box, size, interpolation=cv2.INTER_AREA)
    mass = small.sum()
    x = float(small.sum(axis=0) @ np.arange(size[0])) / mass
    y = float(small.sum(axis=1) @ np.arange(size[1])) / mass
    # MNIST's centers of mass lie at index 14.0 of 0 to 27, within a tenth of a pixel.
    at_x = min(max(round(SIDE / 2 - x), 0), SIDE - size[0])
    at_y = min(max(round(SIDE / 2 - y), 0), SIDE - size[1])
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[at_y : at_y + size[1], at_x : at_x + size[0]] = np.rint(255 * small)
    return image
