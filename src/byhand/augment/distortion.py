"""From ink on a canvas to a 28x28 picture as a reader of photographs, scans and drawings would get it.

Drawn for every picture: slant, turn, proportions, an elastic field (Simard et al., 2003), the pen's width, gaps and
specks, coarse pixels, the fit of the box, grey levels, blur and noise. A canvas is twice as fine as the picture, so
that widths change by halves of its pixels. Shares and strengths were set by eye, from contact sheets, and not searched
for.
"""

from __future__ import annotations

import cv2
import numpy as np

from byhand.data.digits import SIDE
from byhand.hands import Array

UPPER = 2 * SIDE
"""Side of a canvas."""
BOX = 20
"""Longest side of a digit in its picture, as in MNIST."""
PLAIN = 0.3
"""Share of the digits that training leaves as they are."""

TURN, SLANT, STRETCH = 0.14, 0.18, 0.11
"""Standard deviations: of the turn in radians (at most 20 degrees), of the shear and of log width over height."""
KNOTS = 6
"""Knots of the elastic field in each direction."""
THINNER = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
THICKER = tuple(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) for size in (3, 3, 5))
FINE = 28
"""Mean grey level of a canvas below which its pen is a fine one."""
BLOCK = 256
"""Canvases whose maps are held at once."""
INK = 32
"""Grey level from which a pixel counts as ink when the box is fitted."""


def upscaled(images: Array) -> Array:
    """Bring pictures ``(B, 28, 28)`` to canvases ``(B, 56, 56)``, uint8."""
    canvases = np.empty((len(images), UPPER, UPPER), np.uint8)
    for image, canvas in zip(images, canvases, strict=True):
        cv2.resize(image, (UPPER, UPPER), dst=canvas, interpolation=cv2.INTER_CUBIC)
    return canvases


def rewritten(canvases: Array, rng: np.random.Generator) -> Array:
    """Write what is on canvases as people would.

    Parameters
    ----------
    canvases
        uint8 ``(B, 56, 56)``, ink light on dark; they may be written over.
    rng
        Draws everything.

    Returns
    -------
    numpy.ndarray
        uint8 ``(B, 28, 28)``, in MNIST's box with the centre of mass in the middle, give or take a pixel or two.
    """
    B = len(canvases)
    tilts, knots = _bends(B, rng)
    pen, much = rng.random(B), rng.uniform(0.2, 1, B)
    gap, coarse, ruled = rng.random(B) < 0.06, rng.random(B) < 0.12, rng.random(B) < 0.015
    crisp = rng.random(B) < 0.4
    fit = np.clip(rng.normal(1, 0.04, B), 0.85, 1.1)
    off = np.clip(np.rint(rng.normal(0, 0.7, (B, 2))), -2, 2).astype(int)
    seeds = rng.random((B, 5))
    made = np.zeros((B, SIDE, SIDE), np.uint8)
    for n in range(B):
        if n % BLOCK == 0:
            maps = _maps(tilts[n : n + BLOCK], knots[n : n + BLOCK])
        canvas = cv2.remap(canvases[n], maps[n % BLOCK], None, cv2.INTER_LINEAR)
        canvas = _penned(canvas, pen[n], much[n])
        if gap[n]:
            _gap(canvas, seeds[n])
        if ruled[n]:
            height = int(UPPER * seeds[n, 0])
            cv2.line(canvas, (4, height), (UPPER - 5, height), 80 + int(120 * seeds[n, 1]), 1)
        if coarse[n]:
            size = 14 + int(18 * seeds[n, 2])
            small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
            config = cv2.INTER_NEAREST if seeds[n, 3] < 0.5 else cv2.INTER_LINEAR
            canvas = cv2.resize(small, (UPPER, UPPER), interpolation=config)
        if crisp[n]:
            # As ink that was cut out of a photograph: full up to its edge.
            canvas = cv2.convertScaleAbs(cv2.subtract(canvas, 112), None, 8)
        boxed(canvas, made[n], fit[n], off[n])
    return _developed(made, rng)


def boxed(canvas: Array, picture: Array, fit: float = 1.0, off: tuple[int, int] | Array = (0, 0)) -> None:
    """Draw ink into a picture as MNIST was made: its longest side 20 pixels, its centre of mass in the middle.

    Parameters
    ----------
    canvas
        uint8 ``(H, W)``; without ink, nothing is drawn.
    picture
        uint8 ``(28, 28)`` of zeros, drawn into.
    fit
        The longest side, in twentieths of 20 pixels; at most 1.4.
    off
        Pixels to the right and down from the middle.
    """
    left, top, wide, high = cv2.boundingRect((canvas >= INK).view(np.uint8))
    if not wide:
        return
    scale = BOX * fit / max(wide, high)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    config = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    ink = cv2.resize(canvas[top : top + high, left : left + wide], size, interpolation=config)
    moments = cv2.moments(ink)
    x, y = 0, 0
    if moments["m00"]:
        x = round(SIDE / 2 - moments["m10"] / moments["m00"]) + int(off[0])
        y = round(SIDE / 2 - moments["m01"] / moments["m00"]) + int(off[1])
    x, y = min(max(x, 0), SIDE - size[0]), min(max(y, 0), SIDE - size[1])
    picture[y : y + size[1], x : x + size[0]] = ink


def _bends(B: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw how each canvas is tilted ``(B, 2, 2)``, and where the knots of its field go ``(B, 2, KNOTS, KNOTS)``."""
    turn = np.clip(rng.normal(0, TURN, B), -0.35, 0.35)
    slant = np.clip(rng.normal(0, SLANT, B), -0.5, 0.5)
    stretch = np.exp(np.clip(rng.normal(0, STRETCH, B), -0.35, 0.35))
    cos, sin = np.cos(turn), np.sin(turn)
    # A = turn * shear * proportions, all about the middle
    A = np.empty((B, 2, 2), np.float32)
    A[:, 0, 0], A[:, 0, 1] = cos * stretch, (cos * slant - sin) / stretch
    A[:, 1, 0], A[:, 1, 1] = sin * stretch, (sin * slant + cos) / stretch
    strength = rng.gamma(2.0, 0.65, (B, 1, 1, 1)).clip(0, 3.5)
    return A, (rng.normal(0, 1, (B, 2, KNOTS, KNOTS)) * strength).astype(np.float32)


def _maps(tilts: Array, knots: Array) -> Array:
    """Compute where each pixel of a canvas comes from: float32 ``(B, 56, 56, 2)``, x and y."""
    middle = (UPPER - 1) / 2
    x, y = np.meshgrid(*2 * [np.arange(UPPER, dtype=np.float32) - middle])
    # A tenth finer than the canvas, which leaves room for what turning pushes outwards.
    places = (1.1 * np.stack([x, y])).reshape(2, -1)
    maps = (tilts @ places).reshape(-1, 2, UPPER, UPPER) + np.float32(middle)
    return np.ascontiguousarray((maps + _SPREAD @ knots @ _SPREAD.T).transpose(0, 2, 3, 1))


def _spread() -> Array:
    """Cubic B-splines ``(56, KNOTS)``: what each knot adds to each place of a line."""
    distance = np.abs(np.linspace(0.5, KNOTS - 1.5, UPPER)[:, None] - np.arange(KNOTS))
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance).clip(0) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)


_SPREAD = _spread()


def _penned(canvas: Array, pen: float, much: float) -> Array:
    """Write with another pen: finer (a quarter of all), broader (a third) or the same."""
    if pen < 0.25:
        other = cv2.erode(canvas, THINNER)
        # What is one pixel wide would be gone.
        if 2 * int(other.max()) < int(canvas.max()):
            return canvas
    elif pen < 0.6:
        # What is broad already would lose its holes.
        choice = len(THICKER) if cv2.mean(canvas)[0] < FINE else len(THICKER) - 1
        other = cv2.dilate(canvas, THICKER[int((pen - 0.25) / 0.35 * choice)])
    else:
        return canvas
    mixed: Array = cv2.addWeighted(other, much, canvas, 1 - much, 0)
    return mixed


def _gap(canvas: Array, where: Array) -> None:
    """Take the ink away along a short line, as a pen that skips does."""
    x, y = 12 + where[:2] * (UPPER - 24)
    turn, half = np.pi * where[2], 3 + 5 * where[3]
    dx, dy = half * np.cos(turn), half * np.sin(turn)
    cv2.line(canvas, (int(x - dx), int(y - dy)), (int(x + dx), int(y + dy)), 0, 1 + int(2.5 * where[4]))


def _developed(pictures: Array, rng: np.random.Generator) -> Array:
    """Give pictures the grey levels, blur, specks, noise and neighbours that a camera and a cut leave."""
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
    made = curves.astype(np.uint8)[np.arange(B)[:, None, None], pictures]
    noisy = np.flatnonzero(rng.random(B) < 0.08)
    noise = rng.normal(0, 1, (len(noisy), SIDE, SIDE)) * rng.uniform(4, 18, (len(noisy), 1, 1))
    made[noisy] = np.clip(made[noisy] + noise, 0, 255)
    for n in np.flatnonzero(rng.random(B) < 0.04):
        for x, y in rng.integers(1, SIDE - 2, (rng.integers(1, 4), 2)):
            side = rng.integers(1, 3)
            made[n, y : y + side, x : x + side] = rng.integers(80, 256)
    # The edge of the next digit, where a cut was a little off.
    cut = np.flatnonzero(rng.random(B) < 0.02)
    for n, other in zip(cut, rng.integers(0, B, len(cut)), strict=True):
        wide = rng.integers(1, 4)
        edge = made[other][:, 5 : 5 + wide] if rng.random() < 0.5 else made[other][:, 23 - wide : 23]
        at = slice(SIDE - wide - 2, SIDE - 2) if rng.random() < 0.5 else slice(2, wide + 2)
        np.maximum(made[n][:, at], edge, out=made[n][:, at])
    return made
