"""A picture -> ink: 0 is paper, 255 ink, 128 the edge of a stroke.

1. colors to one grey level, along the direction in which the picture's details differ most;
2. polarity: ink becomes dark;
3. the paper's brightness, shadows included, by a morphological closing wider than any stroke;
4. how much darker than its paper each pixel is;
5. a threshold half-way up the edges (Kittler, Illingworth and Foeglein 1985), lower where the ink nearby is fainter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.reading.render import stroke_width

Array = npt.NDArray[Any]

MIN_SIDE, MAX_ENLARGEMENT = 100, 4
"""Pictures are enlarged until their shorter side has `MIN_SIDE` pixels, at most `MAX_ENLARGEMENT` times."""
MAX_STROKE = 0.33
"""Width of the widest stroke relative to the picture's shorter side: wider areas are paper."""
COARSE = 112
"""Longer side to which a picture is scaled to estimate paper and polarity."""


@dataclass(frozen=True)
class Ink:
    """The ink of a picture.

    Attributes
    ----------
    level
        uint8 ``(H, W)``: 0 is paper, 255 ink, 128 the edge.
    strong
        bool ``(H, W)``: ink beyond doubt.
    scale
        Factor by which the picture was enlarged.
    stages
        Intermediate pictures by name.
    """

    level: Array
    strong: Array
    scale: float
    stages: dict[str, Array]


def find_ink(pixels: Array) -> Ink:
    """Find the ink of a picture.

    Parameters
    ----------
    pixels
        uint8 ``(H, W, 3)``.
    """
    grey = to_grey(pixels)
    factor = min(MAX_ENLARGEMENT, math.ceil(MIN_SIDE / min(grey.shape)))
    if factor > 1 and grey.size * factor**2 <= 4_000_000:
        size = (grey.shape[1] * factor, grey.shape[0] * factor)
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC)
    else:
        factor = 1
    dark = denoise(grey if is_dark_on_light(grey) else 255 - grey)
    paper = estimate_paper(dark)
    level, strong = ink_level(dark, paper)
    stages = {"grey": grey, "dark": dark, "paper": paper, "ink": level}
    return Ink(level, strong, float(factor), stages)


def to_grey(pixels: Array) -> Array:
    """Project colors on the direction in which neighboring colors differ most; grey pictures are unchanged."""
    red, green, blue = cv2.split(pixels)
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.asarray(red)
    small = _coarse(pixels).astype(np.float32)
    detail = (small - cv2.blur(small, (15, 15))).reshape(-1, 3)
    # Only strong details: the noise of the paper has no color.
    size = (detail**2).sum(axis=1)
    strong = detail[size >= np.quantile(size, 0.95)]
    _, vectors = np.linalg.eigh(strong.T @ strong)
    direction = vectors[:, -1]
    weights = np.maximum(direction * np.sign(direction.sum() or 1.0), 0)
    if weights.sum() < 1e-6:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    weights = weights / weights.sum()
    return np.asarray(cv2.transform(pixels, weights[None].astype(np.float32)))


def is_dark_on_light(grey: Array) -> bool:
    """Whether ink is darker than its paper: the sign of the mean cubed difference from the local median."""
    small = _coarse(grey)
    window = min(max(small.shape) // 2 * 2 + 1, 61)
    padded = cv2.copyMakeBorder(small, 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    median = cv2.medianBlur(padded, window)
    difference = (padded.astype(np.float32) - median.astype(np.float32)) / 255
    return float((difference * difference * difference).sum()) <= 0


def denoise(grey: Array) -> Array:
    """Smooth a noisy picture; return a clean one unchanged."""
    low, high = percentiles(grey[::4, ::4], 0.5, 99.5)
    noise = estimate_noise(grey) / max(high - low, 1.0)
    if noise < 0.02:
        return grey
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), min(0.6 + 12 * noise, 2.5)))


def percentiles(levels: Array, *percents: float) -> list[float]:
    """Percentiles of uint8 as `numpy.percentile` interpolates them, from the histogram: in a fraction of its time."""
    below = np.cumsum(np.bincount(levels.ravel(), minlength=256))
    found = []
    for percent in percents:
        at = percent / 100 * (levels.size - 1)
        low, high = (int(np.searchsorted(below, index, side="right")) for index in (math.floor(at), math.ceil(at)))
        found.append(low + (at - math.floor(at)) * (high - low))
    return found


def estimate_noise(grey: Array) -> float:
    """Standard deviation of the pixels' noise, from the median of a Laplacian, which edges hardly affect."""
    response = cv2.filter2D(grey, cv2.CV_16S, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    return float(np.median(np.abs(response[::2, ::2]))) / (6 * 0.6745)


def estimate_paper(dark: Array) -> Array:
    """Brightness of the paper under the ink, uint8 of the same shape."""
    small = _coarse(dark)
    kernel = max(3, round(MAX_STROKE * min(small.shape)), round(0.5 * MAX_STROKE * max(small.shape))) | 1
    soft = cv2.GaussianBlur(small, (0, 0), 0.7)
    # A digit may be cropped tightly: beyond the border there is paper.
    (light,) = percentiles(soft, 98)
    # Half the element is enough: further out, whatever the element covers holds this level.
    half = kernel // 2
    padded = cv2.copyMakeBorder(soft, half, half, half, half, cv2.BORDER_CONSTANT, value=light)
    for element in octagon(kernel):
        padded = cv2.dilate(padded, element)
    for element in octagon(kernel):
        padded = cv2.erode(padded, element)
    closed = padded[half:-half, half:-half]
    # Along the edge of a dark object its own brightness counts.
    closed = cv2.erode(closed, np.ones((3, 3), np.uint8))
    closed = cv2.min(closed, cv2.blur(closed, (kernel // 2 | 1,) * 2))
    return np.asarray(cv2.resize(closed, dark.shape[::-1], interpolation=cv2.INTER_LINEAR))


def octagon(width: int) -> tuple[Array, Array, Array]:
    """A square and its two diagonals, which one after the other dilate as an octagon of an odd width does.

    It is close to a disk and an eighth of the work: a disk is no sequence of small elements.
    """
    diagonal = np.eye(round((1 - math.sqrt(0.5)) * width) | 1, dtype=np.uint8)
    side = max(1, width - 2 * (len(diagonal) - 1))
    return np.ones((side, side), np.uint8), diagonal, np.ascontiguousarray(diagonal[::-1])


def ink_level(dark: Array, paper: Array) -> tuple[Array, Array]:
    """`Ink.level` and `Ink.strong`; no ink where nothing differs from the paper."""
    below = cv2.subtract(paper, dark)
    (brightest,) = percentiles(paper[::4, ::4], 95)
    floor = max(0.4 * brightest, 1.0)
    light = paper.astype(np.float32)
    contrast = below.astype(np.float32)
    contrast /= np.maximum(light, np.float32(floor), out=light)  # 0 to 1
    threshold = edge_threshold(contrast)
    if threshold is None:
        return np.zeros(dark.shape, np.uint8), np.zeros(dark.shape, bool)
    # Where all ink nearby is faint, the edge is half-way up its own contrast.
    strong = contrast > threshold
    mask = strong.view(np.uint8)
    reach = round(2 * min(stroke_width(mask), 0.2 * min(dark.shape))) | 1
    strongest = cv2.dilate(contrast, np.ones((reach, reach), np.uint8))
    none = strongest < threshold
    local = np.clip(0.5 * strongest, 0.5 * threshold, threshold, out=strongest)
    local[none] = threshold
    level = np.divide(127.5, local, out=local)
    level *= contrast
    return np.clip(level, 0, 255, out=level).astype(np.uint8), strong


def edge_threshold(contrast: Array) -> float | None:
    """Mean of the levels along edges, the steepest counting most: half-way up. None where there are no edges."""
    dx = cv2.Scharr(contrast, cv2.CV_32F, 1, 0, scale=1 / 32)
    dy = cv2.Scharr(contrast, cv2.CV_32F, 0, 1, scale=1 / 32)
    dx *= dx
    dy *= dy
    steep = np.add(dx, dy, out=dx)
    noise = float(np.median(steep[::2, ::2]))
    steep[steep < max(20 * noise, 1e-5)] = 0
    total = float(steep.sum())
    if total <= 0 or cv2.countNonZero(steep) < 4:
        return None
    threshold = float(np.multiply(steep, contrast, out=dy).sum()) / total
    return threshold if threshold > 0.02 else None


def _coarse(picture: Array) -> Array:
    longest = max(picture.shape[:2])
    if longest <= COARSE:
        return picture
    size = (max(8, picture.shape[1] * COARSE // longest), max(8, picture.shape[0] * COARSE // longest))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
