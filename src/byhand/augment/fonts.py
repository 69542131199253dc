"""Characters of fonts: matplotlib's (DejaVu, STIX, Computer Modern) and OpenCV's (Hershey's strokes).

Letters that look like digits are left out, because a network can only be wrong about them: O, o and D for 0; I,
l, i, j, J and ! for 1; Z and z for 2; S, s and $ for 5; b and G for 6; Y and y for 4; B for 8; g and q for 9.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from byhand.augment.distortion import CANVAS
from byhand.hands import Array

DIGITS = "0123456789"
LETTERS = "ACEFHKLMNPQRTUVWXacdefhkmnprtuvwx"
SIGNS = "#%&*+=?@<>~^"
OTHERS = "αγλμπψωξΓΔΛΞΠΣΨΩЖШЮЯДЫФИЩКЛЪ"
"""Greek and Cyrillic, which only DejaVu has."""

HERSHEY = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
PATTERNS = ("DejaVuSans*.ttf", "DejaVuSerif*.ttf", "STIXGeneral*.ttf", "cm[rst]*10.ttf")
BROKEN = ("Display", "cmsy")
"""Fonts that have no letters."""


def draw_digits(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw digits of fonts: canvases ``(count, 56, 56)`` and labels ``(count,)``, uint8."""
    labels = rng.integers(0, len(DIGITS), count).astype(np.uint8)
    canvases = [_glyph(DIGITS[label], DIGITS, rng) for label in labels]
    return np.array(canvases, np.uint8).reshape(count, CANVAS, CANVAS), labels


def draw_letter(rng: np.random.Generator) -> Array:
    """Draw a character that is not a digit: a canvas ``(56, 56)``, uint8."""
    alphabet = (LETTERS, SIGNS, OTHERS)[rng.choice(3, p=(0.78, 0.1, 0.12))]
    return _glyph(alphabet[rng.integers(len(alphabet))], alphabet, rng)


def _glyph(character: str, alphabet: str, rng: np.random.Generator) -> Array:
    if character.isascii() and rng.random() < 0.45:
        return stroked(character, HERSHEY[rng.integers(len(HERSHEY))], int(rng.integers(2, 7)))
    fonts = printed(alphabet)
    glyph: Array = fonts[rng.integers(len(fonts))][alphabet.index(character)]
    return glyph


def stroked(character: str, font: int, pen: int) -> Array:
    """Draw a character by OpenCV's strokes, with a pen so many pixels wide."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    scale = cv2.getFontScaleFromHeight(font, 34)
    (wide, high), _ = cv2.getTextSize(character, font, scale, pen)
    if wide > CANVAS - 12:
        scale *= (CANVAS - 12) / wide
        (wide, high), _ = cv2.getTextSize(character, font, scale, pen)
    cv2.putText(
        canvas, character, ((CANVAS - wide) // 2, (CANVAS + high) // 2), font, scale, 255, pen, lineType=cv2.LINE_AA
    )
    return canvas


@cache
def printed(alphabet: str) -> tuple[Array, ...]:
    """Render an alphabet in every font that has it: for each, uint8 ``(characters, 56, 56)``."""
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    files = sorted(path for pattern in PATTERNS for path in folder.glob(pattern))
    files = [path for path in files if not any(word in path.name for word in BROKEN)]
    if not alphabet.isascii():
        files = [path for path in files if path.name.startswith("DejaVu")]
    return tuple(rendered(path, alphabet) for path in files)


def rendered(path: Path, alphabet: str) -> Array:
    """Render characters of a font's file, each 40 pixels high or wide, in the middle of a canvas."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(path), 80)
    canvases = np.zeros((len(alphabet), CANVAS, CANVAS), np.uint8)
    for character, canvas in zip(alphabet, canvases, strict=True):
        left, top, right, bottom = font.getbbox(character)
        page = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
        ImageDraw.Draw(page).text((4 - left, 4 - top), character, 255, font)
        scale = 44 / max(page.size)
        size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
        small = cv2.resize(np.asarray(page), size, interpolation=cv2.INTER_AREA)
        x, y = (CANVAS - size[0]) // 2, (CANVAS - size[1]) // 2
        canvas[y : y + size[1], x : x + size[0]] = small
    return canvases
