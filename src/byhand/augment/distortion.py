"""Ink on a canvas -> a 28x28 picture as a reader of photographs, scans and drawings would get it.

Random for every picture: slant, rotation, aspect ratio, an elastic field (Simard et al., 2003), stroke width, gaps and
specks, coarse pixels, the fit of the box, grey levels, blur and noise. A canvas has twice the resolution of the
picture. Frequencies and strengths were set by eye on contact sheets, not by a search.
"""

from __future__ import annotations

import cv2
import numpy as np

from byhand.data.digits import SIDE
from byhand.hands import Array

CANVAS = 2 * SIDE
"""Side of a canvas in pixels."""
BOX = 20
"""Longer side of a digit in its picture, as in MNIST."""
PLAIN = 0.3
"""Fraction of the digits that training leaves unchanged."""

ROTATION, SHEAR, STRETCH = 0.14, 0.18, 0.11
"""Standard deviations: of the angle in radians (at most 20 degrees), of the shear and of log(width / height)."""
KNOTS = 6
"""Knots of the elastic field in each direction."""
THINNER = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
THICKER = tuple(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) for size in (3, 3, 5))
FINE = 28
"""Mean grey level of a canvas below which its strokes are thin."""
BLOCK = 256
"""Canvases whose maps are computed at once."""
INK = 32
"""Lowest grey level of ink when the box is fitted."""


def upscale(images: Array) -> Array:
    """Scale pictures ``(B, 28, 28)`` to canvases ``(B, 56, 56)``, uint8."""
    canvases = np.empty((len(images), CANVAS, CANVAS), np.uint8)
    for image, canvas in zip(images, canvases, strict=True):
        cv2.resize(image, (CANVAS, CANVAS), dst=canvas, interpolation=cv2.INTER_CUBIC)
    return canvases


def distort(canvases: Array, rng: np.random.Generator) -> Array:
    """Draw canvases, uint8 ``(B, 56, 56)``, ink light on dark, as other people would have written them.

    Returns uint8 ``(B, 28, 28)`` in MNIST's box, the center of mass within two pixels of the middle. Canvases may be
    modified.
    """
    B = len(canvases)
    matrices, knots = _random_fields(B, rng)
    pen, strength = rng.random(B), rng.uniform(0.2, 1, B)
    gap, coarse, ruled = rng.random(B) < 0.06, rng.random(B) < 0.12, rng.random(B) < 0.015
    crisp = rng.random(B) < 0.4
    fit = np.clip(rng.normal(1, 0.04, B), 0.85, 1.1)
    shift = np.clip(np.rint(rng.normal(0, 0.7, (B, 2))), -2, 2).astype(int)
    seeds = rng.random((B, 5))
    pictures = np.zeros((B, SIDE, SIDE), np.uint8)
    for n in range(B):
        if n % BLOCK == 0:
            maps = _maps(matrices[n : n + BLOCK], knots[n : n + BLOCK])
        canvas = cv2.remap(canvases[n], maps[n % BLOCK], None, cv2.INTER_LINEAR)
        canvas = _change_pen(canvas, pen[n], strength[n])
        if gap[n]:
            _gap(canvas, seeds[n])
        if ruled[n]:
            height = int(CANVAS * seeds[n, 0])
            cv2.line(canvas, (4, height), (CANVAS - 5, height), 80 + int(120 * seeds[n, 1]), 1)
        if coarse[n]:
            size = 14 + int(18 * seeds[n, 2])
            small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
            interpolation = cv2.INTER_NEAREST if seeds[n, 3] < 0.5 else cv2.INTER_LINEAR
            canvas = cv2.resize(small, (CANVAS, CANVAS), interpolation=interpolation)
        if crisp[n]:
            # Like ink that was cut out of a photograph: at full level up to its edge.
            canvas = cv2.convertScaleAbs(cv2.subtract(canvas, 112), None, 8)
        fit_box(canvas, pictures[n], fit[n], shift[n])
    return _add_camera_effects(pictures, rng)


def fit_box(canvas: Array, picture: Array, fit: float = 1.0, shift: tuple[int, int] | Array = (0, 0)) -> None:
    """Draw ink into a picture of zeros as in MNIST: its longer side 20 pixels, its center of mass in the middle.

    `fit` is the longer side relative to 20 pixels, at most 1.4; `shift` are pixels to the right and down.
    """
    left, top, wide, high = cv2.boundingRect((canvas >= INK).view(np.uint8))
    if not wide:
        return
    scale = BOX * fit / max(wide, high)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    ink = cv2.resize(canvas[top : top + high, left : left + wide], size, interpolation=interpolation)
    moments = cv2.moments(ink)
    x, y = 0, 0
    if moments["m00"]:
        x = round(SIDE / 2 - moments["m10"] / moments["m00"]) + int(shift[0])
        y = round(SIDE / 2 - moments["m01"] / moments["m00"]) + int(shift[1])
    x, y = min(max(x, 0), SIDE - size[0]), min(max(y, 0), SIDE - size[1])
    picture[y : y + size[1], x : x + size[0]] = ink


def _random_fields(B: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """A linear map ``(B, 2, 2)`` for each canvas, and displacements of its knots ``(B, 2, KNOTS, KNOTS)``."""
    angle = np.clip(rng.normal(0, ROTATION, B), -0.35, 0.35)
    shear = np.clip(rng.normal(0, SHEAR, B), -0.5, 0.5)
    stretch = np.exp(np.clip(rng.normal(0, STRETCH, B), -0.35, 0.35))
    cos, sin = np.cos(angle), np.sin(angle)
    # A = rotation * shear * stretch, all about the middle
    A = np.empty((B, 2, 2), np.float32)
    A[:, 0, 0], A[:, 0, 1] = cos * stretch, (cos * shear - sin) / stretch
    A[:, 1, 0], A[:, 1, 1] = sin * stretch, (sin * shear + cos) / stretch
    strength = rng.gamma(2.0, 0.65, (B, 1, 1, 1)).clip(0, 3.5)
    return A, (rng.normal(0, 1, (B, 2, KNOTS, KNOTS)) * strength).astype(np.float32)


def _maps(matrices: Array, knots: Array) -> Array:
    """Where each pixel of a canvas comes from: float32 ``(B, 56, 56, 2)``, x and y."""
    middle = (CANVAS - 1) / 2
    x, y = np.meshgrid(*2 * [np.arange(CANVAS, dtype=np.float32) - middle])
    # Scaled down by a tenth, which leaves a margin for what rotation pushes outwards.
    points = (1.1 * np.stack([x, y])).reshape(2, -1)
    maps = (matrices @ points).reshape(-1, 2, CANVAS, CANVAS) + np.float32(middle)
    return np.ascontiguousarray((maps + _SPLINES @ knots @ _SPLINES.T).transpose(0, 2, 3, 1))


def _splines() -> Array:
    """Cubic B-splines ``(56, KNOTS)``: the weight of each knot at each pixel of a line."""
    distance = np.abs(np.linspace(0.5, KNOTS - 1.5, CANVAS)[:, None] - np.arange(KNOTS))
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance).clip(0) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)


_SPLINES = _splines()


def _change_pen(canvas: Array, pen: float, strength: float) -> Array:
    """Make strokes thinner (a quarter of all), thicker (a third) or leave them."""
    if pen < 0.25:
        other = cv2.erode(canvas, THINNER)
        # Strokes of one pixel would vanish.
        if 2 * int(other.max()) < int(canvas.max()):
            return canvas
    elif pen < 0.6:
        # Strokes that are thick already would close their holes.
        choice = len(THICKER) if cv2.mean(canvas)[0] < FINE else len(THICKER) - 1
        other = cv2.dilate(canvas, THICKER[int((pen - 0.25) / 0.35 * choice)])
    else:
        return canvas
    mixed: Array = cv2.addWeighted(other, strength, canvas, 1 - strength, 0)
    return mixed


def _gap(canvas: Array, where: Array) -> None:
    """Erase ink along a short line, as a pen that skips does."""
    x, y = 12 + where[:2] * (CANVAS - 24)
    angle, half = np.pi * where[2], 3 + 5 * where[3]
    dx, dy = half * np.cos(angle), half * np.sin(angle)
    cv2.line(canvas, (int(x - dx), int(y - dy)), (int(x + dx), int(y + dy)), 0, 1 + int(2.5 * where[4]))


def _add_camera_effects(pictures: Array, rng: np.random.Generator) -> Array:
    """Add the grey levels, blur, specks, noise and slices of neighbors that a camera and a crop leave."""
    B = len(pictures)
    blurred = np.flatnonzero(rng.random(B) < 0.08)
    for n, sigma in zip(blurred, rng.uniform(0.4, 0.9, len(blurred)), strict=True):
        cv2.GaussianBlur(pictures[n], (5, 5), sigma, dst=pictures[n])
    # level' = full * clip(middle + contrast (level^gamma - middle))
    level = np.linspace(0, 1, 256)
    gamma = np.exp(rng.normal(0, 0.35, (B, 1)))
    contrast = 1 + rng.exponential(0.7, (B, 1)) * (rng.random((B, 1)) < 0.4)
    full = 255 * np.where(rng.random((B, 1)) < 0.25, rng.uniform(0.6, 1, (B, 1)), 1)
    curves = full * np.clip(0.45 + contrast * (level**gamma - 0.45), 0, 1)
    curves[:, 0] = 0
    changed = curves.astype(np.uint8)[np.arange(B)[:, None, None], pictures]
    noisy = np.flatnonzero(rng.random(B) < 0.08)
    noise = rng.normal(0, 1, (len(noisy), SIDE, SIDE)) * rng.uniform(4, 18, (len(noisy), 1, 1))
    changed[noisy] = np.clip(changed[noisy] + noise, 0, 255)
    for n in np.flatnonzero(rng.random(B) < 0.04):
        for x, y in rng.integers(1, SIDE - 2, (rng.integers(1, 4), 2)):
            side = rng.integers(1, 3)
            changed[n, y : y + side, x : x + side] = rng.integers(80, 256)
    # The edge of the next digit, where the crop was a little off.
    cut = np.flatnonzero(rng.random(B) < 0.02)
    for n, other in zip(cut, rng.integers(0, B, len(cut)), strict=True):
        wide = rng.integers(1, 4)
        edge = changed[other][:, 5 : 5 + wide] if rng.random() < 0.5 else changed[other][:, 23 - wide : 23]
        at = slice(SIDE - wide - 2, SIDE - 2) if rng.random() < 0.5 else slice(2, wide + 2)
        np.maximum(changed[n][:, at], edge, out=changed[n][:, at])
    return changed
