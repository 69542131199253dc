"""Non-digits, drawn or made from digits; no other pictures are used.

Letters and signs of fonts; what wrong cuts of a number leave: two digits in one box, a digit with a slice of its
neighbor, a part of a digit; scribbles, strokes and shapes; bars, dots, textures, and blank paper. Left out is what *is*
a digit: an upright stroke (1), a ring (0), and parts of a digit that look like another, such as the right of a 4.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from byhand.augment.distortion import CANVAS, INK
from byhand.augment.fonts import draw_letter
from byhand.hands import Array

Draw = Callable[[Array, Array, np.random.Generator], Array]
"""Draws one non-digit on a canvas ``(56, 56)``, possibly from digits and their labels."""


def draw_negatives(count: int, images: Array, labels: Array, rng: np.random.Generator) -> Array:
    """Draw non-digits, uint8 ``(count, 56, 56)``, some of them from parts of the digits ``(B, 28, 28)``."""
    canvases = np.zeros((count, CANVAS, CANVAS), np.uint8)
    for canvas, kind in zip(canvases, rng.choice(len(KINDS), count, p=FREQUENCIES), strict=True):
        canvas[...] = KINDS[kind](images, labels, rng)
    return canvases


def blank(rng: np.random.Generator) -> Array:
    """Draw an empty canvas with up to five specks."""
    canvas = _empty_canvas()
    for x, y in rng.integers(0, CANVAS, (int(rng.integers(0, 6)), 2)):
        cv2.circle(canvas, (int(x), int(y)), int(rng.integers(0, 3)), int(rng.integers(60, 256)), -1)
    return canvas


def pair(images: Array, labels: Array, rng: np.random.Generator) -> Array:
    """Draw two digits, sometimes three, side by side in one box: a missing cut."""
    count = 3 if rng.random() < 0.12 else 2
    parts = [_crop(images[n]) for n in rng.integers(0, len(images), count)]
    return _center(_join(parts, rng))


def neighbors(images: Array, labels: Array, rng: np.random.Generator) -> Array:
    """Draw a digit with a slice of its neighbor, or the ends of two: a cut in the wrong place."""
    first, second = (_crop(images[n]) for n in rng.integers(0, len(images), 2))
    if rng.random() < 0.5:
        first = first[:, int(rng.uniform(0.3, 0.7) * first.shape[1]) :]
        second = second[:, : max(2, int(rng.uniform(0.3, 0.7) * second.shape[1]))]
    elif rng.random() < 0.5:
        first = first[:, int(rng.uniform(0.35, 0.75) * first.shape[1]) :]
    else:
        second = second[:, : max(2, int(rng.uniform(0.25, 0.65) * second.shape[1]))]
    both = _join([first, second], rng)
    # Two slices of upright strokes may look like one upright stroke.
    return _center(both) if both.shape[1] > 0.6 * both.shape[0] else pair(images, labels, rng)


def part(images: Array, labels: Array, rng: np.random.Generator) -> Array:
    """Draw a part of a digit that is not a digit itself."""
    for _ in range(20):
        n = int(rng.integers(0, len(images)))
        sides = [side for side, digits in PARTS.items() if int(labels[n]) in digits]
        if sides:
            digit, fraction = _crop(images[n]), rng.uniform(0.35, 0.6)
            high, wide = (max(2, int(fraction * length)) for length in digit.shape)
            side = sides[int(rng.integers(len(sides)))]
            cut = {"left": digit[:, :wide], "right": digit[:, -wide:], "top": digit[:high], "bottom": digit[-high:]}[
                side
            ]
            # It may still be a bare upright stroke.
            if cut.shape[1] > 0.4 * cut.shape[0]:
                return _center(cut)
    return pair(images, labels, rng)


PARTS = {"left": (2, 3, 5, 8), "right": (2, 5, 6), "top": (2, 4, 5), "bottom": (2, 5)}
"""Parts that are not digits themselves, and the digits they are cut from."""


def scribble(rng: np.random.Generator) -> Array:
    """Draw a long smooth line: back and forth, wandering, or in drifting coils."""
    canvas = _empty_canvas()
    kind, knots = rng.integers(3), int(rng.integers(6, 18))
    if kind == 0:
        points = rng.uniform(6, CANVAS - 6, (knots, 2))
    elif kind == 1:
        points = np.cumsum(rng.normal(0, 1, (knots, 2)) + rng.normal(0, 0.3, 2), axis=0)
    else:
        # At least two turns that drift: a 0 may be drawn over.
        turns = np.linspace(0, 2 * np.pi * rng.uniform(2, 5), 4 * knots)
        radius = (
            rng.uniform(0.3, 1) + np.linspace(0, rng.uniform(0.5, 1.5), len(turns)) + rng.normal(0, 0.05, len(turns))
        )
        drift = np.linspace(0, rng.uniform(0.5, 4), len(turns))[:, None] * _direction(rng.uniform(0, 2 * np.pi))
        points = drift + radius[:, None] * np.stack([np.cos(turns), rng.uniform(0.4, 1) * np.sin(turns)], axis=1)
    points = points - points.min(axis=0)
    points *= (CANVAS - 12) / max(points.max(), 1e-6)
    _curve(canvas, points + (CANVAS - points.max(axis=0)) / 2, int(rng.integers(1, 4 if kind == 2 else 7)))
    return canvas


def strokes(rng: np.random.Generator) -> Array:
    """Draw two to five strokes, straight or bent, across each other."""
    canvas = _empty_canvas()
    pen = int(rng.integers(2, 7))
    for _ in range(int(rng.integers(2, 6))):
        _curve(canvas, rng.uniform(8, CANVAS - 8, (int(rng.integers(2, 4)), 2)), pen)
    return canvas


def bar(rng: np.random.Generator) -> Array:
    """Draw one horizontal stroke or several parallel ones; a single upright one would be a 1."""
    canvas = _empty_canvas()
    pen, half = int(rng.integers(2, 8)), rng.uniform(10, 22)
    count = int(rng.integers(1, 4))
    turn = rng.uniform(-0.4, 0.4) + (np.pi / 2 if count > 1 and rng.random() < 0.6 else 0)
    along, apart = half * _direction(turn), _direction(turn + np.pi / 2)
    spacing = rng.uniform(8, 18)
    for n in range(count):
        middle = CANVAS / 2 + apart * spacing * (n - (count - 1) / 2) + rng.normal(0, 1, 2)
        bend = middle + rng.normal(0, 1.5, 2)
        _curve(canvas, np.array([middle - along, bend, middle + along]), pen)
    return canvas


def dots(rng: np.random.Generator) -> Array:
    """Draw one to twelve filled dots."""
    canvas = _empty_canvas()
    count = int(rng.choice([1, 2, 3, 5, 8, 12]))
    spread = 1 if count == 1 else rng.uniform(6, 16)
    for x, y in rng.normal(CANVAS / 2, spread, (count, 2)).clip(4, CANVAS - 5):
        axes = rng.uniform(1.5, 16 if count == 1 else 6) * np.array([1, rng.uniform(0.7, 1)])
        cv2.ellipse(canvas, (int(x), int(y)), (int(axes[0]), int(axes[1])), rng.uniform(0, 180), 0, 360, 255, -1)
    return canvas


def blot(rng: np.random.Generator) -> Array:
    """Draw a filled blot with a wavy edge, round or long, but not upright, which would be a thick 1."""
    canvas = _empty_canvas()
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    waves = np.arange(2, 8)
    heights = rng.normal(0, rng.uniform(0.1, 0.8), len(waves)) / waves
    radius = 1 + (heights[:, None] * np.cos(waves[:, None] * turns + rng.uniform(0, 2 * np.pi, (len(waves), 1)))).sum(
        axis=0
    )
    points = radius[:, None].clip(0.2) * np.stack([np.cos(turns), np.sin(turns) * rng.uniform(0.3, 1)], axis=1)
    along = _direction(rng.uniform(-0.6, 0.6))
    points = points @ np.stack([along, [-along[1], along[0]]])
    points *= 20 / np.abs(points).max()
    cv2.fillPoly(canvas, [np.rint(CANVAS / 2 + points).astype(np.int32)], 255)
    return canvas


def shape(rng: np.random.Generator) -> Array:
    """Draw a polygon or star, outlined or filled; or corners, arrows and crosses."""
    canvas = _empty_canvas()
    pen = int(rng.integers(2, 6))
    kind = rng.integers(5)
    if kind < 3:
        corners = int(rng.integers(3, 7))
        angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 2 * np.pi)
        radius = np.full(corners, 20.0) * rng.uniform(0.85, 1.1, corners)
        if kind == 2:
            angles, radius = angles * 2, np.full(corners, 20.0)
            if corners != 5:
                angles, radius = np.linspace(0, 2 * np.pi, 10, endpoint=False), np.tile([20.0, 8.0], 5)
        points = np.rint(CANVAS / 2 + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(int)
        # Outlines of five and six corners are rings, and rings are zeros.
        if kind == 1 or (kind == 0 and corners > 4):
            cv2.fillPoly(canvas, [points], 255)
        else:
            cv2.polylines(canvas, [points], True, 255, pen, cv2.LINE_AA)
        return canvas
    middle = np.full(2, CANVAS / 2) + rng.normal(0, 3, 2)
    arms = int(rng.integers(3, 5)) if kind == 3 else 2
    # A corner at the upper right is a 7, one at the top a 1 with a flag: none opens down or to the lower left.
    first, step = rng.uniform(0, 2 * np.pi), 2 * np.pi / arms
    if arms == 2:
        step = rng.uniform(1.2, 1.9)
        first = rng.uniform(1.1, 2.3) * np.pi - step / 2
    for n in range(arms):
        turn = first + n * step + rng.normal(0, 0.1)
        end = middle + rng.uniform(14, 22) * _direction(turn)
        _curve(canvas, np.array([middle, end]), pen)
    return canvas


def texture(rng: np.random.Generator) -> Array:
    """Fill a canvas, or an ellipse of it, with noise, hatching, squares or a gradient."""
    kind = rng.integers(5)
    x, y = np.meshgrid(*2 * [np.arange(CANVAS)])
    if kind == 0:
        grain = int(rng.choice([5, 7, 10, 14, 28, 56]))
        noise = rng.random((grain, grain)).astype(np.float32)
        level = cv2.resize(noise, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
        level = (level > rng.uniform(0.4, 0.7)) if rng.random() < 0.7 else level
    elif kind == 1:
        turn, period = rng.uniform(0, np.pi), rng.uniform(5, 16)
        level = np.cos(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / period) > rng.uniform(-0.3, 0.6)
    elif kind == 2:
        period = int(rng.integers(6, 20))
        wide = int(rng.integers(1, 1 + period // 2))
        grid = (x % period < wide) | (y % period < wide)
        level = grid if rng.random() < 0.6 else (x // period + y // period) % 2
    elif kind == 3:
        level = (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)) / CANVAS + rng.uniform(0, 1)
    else:
        level = rng.random((CANVAS, CANVAS)) < rng.uniform(0.02, 0.5)
    canvas: Array = (np.clip(level, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        spot = _empty_canvas()
        axes = tuple(int(side) for side in rng.integers(8, 26, 2))
        cv2.ellipse(spot, (CANVAS // 2, CANVAS // 2), axes, rng.uniform(0, 180), 0, 360, 255, -1)
        canvas &= spot
    return canvas


def _direction(angle: float) -> Array:
    """The unit vector at an angle."""
    return np.array([np.cos(angle), np.sin(angle)])


def _empty_canvas() -> Array:
    return np.zeros((CANVAS, CANVAS), np.uint8)


def _curve(canvas: Array, points: Array, pen: int) -> None:
    """Draw a smooth line through points ``(N, 2)`` (a Catmull-Rom spline)."""
    before, after = np.vstack([points[:1], points[:-2]]), np.vstack([points[2:], points[-1:]])
    p, q = points[:-1, None], points[1:, None]
    t = np.linspace(0, 1, 9)[None, :, None]
    # Hermite's form; the tangent at each point is parallel to the line between its neighbors.
    m, n = (q - before[:, None]) / 2, (after[:, None] - p) / 2
    h = 2 * t**3 - 3 * t**2 + 1
    line = h * p + (t**3 - 2 * t**2 + t) * m + (1 - h) * q + (t**3 - t**2) * n
    cv2.polylines(canvas, [np.rint(line.reshape(-1, 2) * 8).astype(np.int32)], False, 255, pen, cv2.LINE_AA, 3)


def _crop(image: Array) -> Array:
    """Crop a picture to its ink; a picture without ink is unchanged."""
    left, top, wide, high = cv2.boundingRect((image >= INK).view(np.uint8))
    return image[top : top + high, left : left + wide] if wide else image


def _join(parts: list[Array], rng: np.random.Generator) -> Array:
    """Put parts side by side, overlapping, touching or with small gaps, at slightly different heights."""
    high = max(one.shape[0] for one in parts) + 4
    page = np.zeros((high, sum(one.shape[1] for one in parts) + 5 * len(parts)), np.uint8)
    x = 0
    for one in parts:
        y = int(np.clip((high - one.shape[0]) // 2 + rng.integers(-2, 3), 0, high - one.shape[0]))
        at = page[y : y + one.shape[0], x : x + one.shape[1]]
        np.maximum(at, one, out=at)
        x += max(1, one.shape[1] + int(rng.integers(-3, 5)))
    return page


def _center(ink: Array) -> Array:
    """Scale ink to 44 pixels in the middle of a canvas."""
    ink = _crop(ink)
    scale = 44 / max(ink.shape)
    high, wide = (max(1, round(side * scale)) for side in ink.shape)
    canvas = _empty_canvas()
    y, x = (CANVAS - high) // 2, (CANVAS - wide) // 2
    canvas[y : y + high, x : x + wide] = cv2.resize(ink, (wide, high), interpolation=cv2.INTER_LINEAR)
    return canvas


def _ignoring_digits(draw: Callable[[np.random.Generator], Array]) -> Draw:
    return lambda images, labels, rng: draw(rng)


_FREQUENCIES: dict[Draw, float] = {
    pair: 0.15,
    neighbors: 0.12,
    part: 0.05,
    _ignoring_digits(draw_letter): 0.27,
    _ignoring_digits(scribble): 0.14,
    _ignoring_digits(strokes): 0.07,
    _ignoring_digits(bar): 0.05,
    _ignoring_digits(dots): 0.02,
    _ignoring_digits(blot): 0.04,
    _ignoring_digits(shape): 0.04,
    _ignoring_digits(texture): 0.04,
    _ignoring_digits(blank): 0.01,
}
KINDS, FREQUENCIES = tuple(_FREQUENCIES), tuple(_FREQUENCIES.values())
"""The kinds of non-digits, and how often each is drawn."""
