"""A picture file, image or array -> upright RGB pixels, no more of them than reading needs.

Transparent pictures are laid on paper: white under dark drawings, black under light ones.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.data.pixels import grey_levels
from byhand.errors import ByhandError
from byhand.io import silent_warnings
from byhand.reading.headers import check_header

if TYPE_CHECKING:
    from PIL import Image

Array = npt.NDArray[Any]

# MPO, which some phones write, opens as JPEG; Pillow fails if it is asked for by its own name.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
KNOWN = "PNG, JPEG, WebP, TIFF, BMP or GIF"
EXPECTED = f"a picture ({KNOWN})"

MAX_BYTES = 2**28
MAX_PIXELS = 100_000_000
MAX_SIDE = 30_000
MAX_DECODED = 320_000_000
"""Most bytes that a decoder may need."""
DECODED_BYTES = {"WEBP": 20, "TIFF": 8}
"""Bytes for each pixel that a decoder needs: Pillow decodes WebP by way of several canvases, and TIFF in strips of any
size. Other formats need the bytes of Pillow's images alone."""
WORK_PIXELS = 2_000_000
"""Larger pictures are scaled down to this: handwriting of 4 mm on a page of 12 megapixels stays legible."""


@dataclass(frozen=True)
class Picture:
    """An opened picture.

    Attributes
    ----------
    pixels
        uint8 ``(H, W, 3)``, upright, red first, at most about `WORK_PIXELS` pixels.
    size
        Width and height of the upright picture before it was scaled down.
    """

    pixels: Array
    size: tuple[int, int]


def open_picture(source: Any) -> Picture:
    """Open a picture from a file or from memory.

    Parameters
    ----------
    source
        A path; the bytes of a picture file; a PIL image; or an array, ``(H, W)`` or ``(H, W, 1 or 3 or 4)``, of bool,
        integers (8 to 16 bits) or floats (0 to 1, or 0 to 255).

    Raises
    ------
    ByhandError
        If it is not a picture, is damaged or animated, or has no pixels or too many.
    """
    from PIL import Image

    if isinstance(source, bytes | bytearray | memoryview):
        return _decode(bytes(source), "The picture")
    if isinstance(source, str | os.PathLike):
        return _decode(_read(Path(source)), str(source))
    if isinstance(source, Image.Image):
        _check_size(*source.size, "The picture")
        with _decoding("The picture"):
            return _from_image(source, source.size)
    return _from_array(source)


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise ByhandError(
            f"{path} is a folder, expected {EXPECTED}; name the files in it ({path / '*'}).", code="picture.folder"
        )
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ByhandError(
            f"{path} cannot be read ({reason}); expected {EXPECTED}.", code="picture.unreadable"
        ) from problem
    if len(content) > MAX_BYTES:
        raise ByhandError(
            f"{path} is larger than {MAX_BYTES // 2**20} MB; save the picture smaller.", code="picture.too_large"
        )
    return content


@contextmanager
def _decoding(where: str) -> Iterator[None]:
    """Turn whatever Pillow raises on damaged pictures into one error, and hide its warnings."""
    from PIL import UnidentifiedImageError

    try:
        with silent_warnings():
            yield
    except ByhandError:
        raise
    except UnidentifiedImageError as problem:
        raise ByhandError(
            f"{where} has no known format, expected {KNOWN}; export it as one.", code="picture.unknown_format"
        ) from problem
    except Exception as problem:
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160].rstrip(".")
        raise ByhandError(
            f"{where} cannot be read ({reason}); save or export the picture again.", code="picture.damaged"
        ) from problem


def _decode(content: bytes, where: str) -> Picture:
    from PIL import Image

    if not content:
        raise ByhandError(f"{where} is empty, expected {EXPECTED}; save or send it again.", code="picture.empty")
    check_header(content, where)
    with _decoding(where), Image.open(io.BytesIO(content), formats=FORMATS) as image:
        # Only the header has been read: a file that would unpack to gigabytes goes no further.
        _check_size(*image.size, where)
        size = image.size
        # A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that is enough, in a fraction of the time.
        scale = math.sqrt(min(1.0, WORK_PIXELS / (size[0] * size[1])))
        image.draft(None, (math.ceil(size[0] * scale), math.ceil(size[1] * scale)))
        _check_decoded(image, size, content, where)
        return _from_image(image, size)


def _check_decoded(image: Image.Image, size: tuple[int, int], content: bytes, where: str) -> None:
    """Refuse an image whose decoder would need more than `MAX_DECODED` bytes."""
    each = {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode, 4)
    needed = DECODED_BYTES.get(image.format or "", each) * image.width * image.height
    if image.format in ("JPEG", "MPO") and content.count(b"\xff\xda") > 1:
        # Of a JPEG with several scans, all coefficients are held: two bytes for each, at full size.
        needed += 2 * len(image.getbands()) * size[0] * size[1]
    if needed > MAX_DECODED:
        raise ByhandError(
            f"{where} has {size[0]:,} x {size[1]:,} pixels, whose decoding takes {needed // 10**6:,} MB, expected at "
            f"most {MAX_DECODED // 10**6}; scale it down, or save it as a baseline JPEG.",
            code="picture.too_large",
        )


def _check_size(width: int, height: int, where: str) -> None:
    if min(width, height) < 1:
        raise ByhandError(
            f"{where} has {width} x {height} pixels, expected at least one; save it again.", code="picture.empty"
        )
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ByhandError(
            f"{where} has {width:,} x {height:,} pixels, expected at most {MAX_SIDE:,} along a side and "
            f"{MAX_PIXELS // 10**6} million in total; scale it down or crop it.",
            code="picture.too_large",
        )


def _from_image(image: Image.Image, size: tuple[int, int]) -> Picture:
    """Convert an image to upright RGB; `size` is its size before decoding."""
    image.load()
    mode = "RGBA" if image.has_transparency_data else "RGB"
    levels = image.mode.startswith(("I", "F"))

    def rows(top: int, bottom: int) -> Array:
        strip = image if bottom - top == image.height else image.crop((0, top, image.width, bottom))
        return np.asarray(strip if levels or strip.mode == mode else strip.convert(mode))

    turn = image.getexif().get(0x0112, 1)
    pixels = _turned(_work_pixels(rows, image.height, image.width, any_levels=levels), turn)
    return Picture(pixels, size[::-1] if turn in (5, 6, 7, 8) else size)


def _turned(pixels: Array, orientation: int) -> Array:
    """Turn pixels upright: the orientation is that of EXIF, 1 to 8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _from_array(source: Any) -> Picture:
    try:
        array = np.asarray(source)
    except ValueError as problem:
        raise ByhandError(
            f"The picture is not an array ({problem}); expected shape (height, width).", code="picture.invalid_array"
        ) from problem
    if (
        array.dtype.kind not in "buif"
        or array.ndim not in (2, 3)
        or (array.ndim == 3 and array.shape[2] not in (1, 3, 4))
    ):
        raise ByhandError(
            f"The picture is an array of shape {array.shape} and type {array.dtype}, expected numbers of shape "
            "(height, width) or (height, width, 3 or 4): grey levels or RGB.",
            code="picture.invalid_array",
        )
    _check_size(array.shape[1], array.shape[0], "The picture")
    pixels = _work_pixels(lambda top, bottom: array[top:bottom], array.shape[0], array.shape[1], any_levels=True)
    return Picture(pixels, (array.shape[1], array.shape[0]))


def _work_pixels(rows: Callable[[int, int], Array], height: int, width: int, *, any_levels: bool) -> Array:
    """Convert a picture to RGB of at most `WORK_PIXELS`, in strips, so that no large copy of it is made.

    `rows(top, bottom)` gives rows of it, ``(h, W)`` or ``(h, W, 1 or 3 or 4)``: uint8, or of any type if `any_levels`.
    """
    factor = max(1, math.isqrt(width * height // WORK_PIXELS))
    high = height if factor == 1 else factor * max(1, WORK_PIXELS // (2 * width * factor))
    ends = [(top, min(top + high, height)) for top in range(0, height, high)]
    if any_levels:
        ranges = [(strip.min(), strip.max()) for strip in (rows(*end) for end in ends)]
        low, most = np.min([low for low, _ in ranges]), np.max([most for _, most in ranges])
        reduced = [_reduced(_to_uint8(rows(*end), low, most), factor) for end in ends]
    else:
        reduced = [_reduced(rows(*end), factor) for end in ends]
    whole = np.concatenate(reduced) if len(reduced) > 1 else reduced[0]
    return _rgb(_on_paper(_scaled_down(whole)))


def _reduced(strip: Array, factor: int) -> Array:
    """Multiply colors by their alpha if there is one, and scale down by a whole number."""
    if strip.ndim == 3 and strip.shape[2] == 4 and strip[..., 3].min() < 255:
        alpha = strip[..., 3:]
        drawn = (strip[..., :3].astype(np.uint16) * alpha + 127) // 255
        strip = np.concatenate([drawn.astype(np.uint8), alpha], axis=2)
    if factor == 1:
        return strip
    size = (max(1, round(strip.shape[1] / factor)), max(1, round(strip.shape[0] / factor)))
    return np.asarray(cv2.resize(np.ascontiguousarray(strip), size, interpolation=cv2.INTER_AREA))


def _to_uint8(levels: Array, low: Any, high: Any) -> Array:
    """Scale levels of any type to 0 to 255; those of the whole picture are from `low` to `high`."""
    # Integers of 0 and 1 are a mask: a picture whose lightest level is 1 of 255 shows nothing.
    if levels.dtype == np.bool_ or (levels.dtype.kind in "iu" and low >= 0 and high <= 1):
        return levels.astype(np.uint8) * np.uint8(255)
    if levels.dtype == np.uint8:
        return levels
    if not (low >= 0 and 256 <= high <= 65535):
        # The rule looks at the range, which is that of all strips.
        ranged = np.append(levels, np.array([low, high], levels.dtype))
        return grey_levels(ranged, "The pixels of the picture")[:-2].reshape(levels.shape)
    if levels.dtype.kind == "f":
        return np.rint(levels.astype(np.float64) * (255 / 65535)).astype(np.uint8)
    # Scanners and cameras store 10, 12 or 16 bits in 16.
    return (levels >> max(0, int(high).bit_length() - 8)).astype(np.uint8)


def _rgb(levels: Array) -> Array:
    if levels.ndim == 3 and levels.shape[2] == 3:
        return np.ascontiguousarray(levels)
    return np.repeat(levels.reshape(*levels.shape[:2], 1), 3, axis=2)


def _on_paper(levels: Array) -> Array:
    """Lay a transparent picture, its colors multiplied by alpha, on white, or on black if the drawing is light."""
    if levels.ndim < 3 or levels.shape[2] != 4:
        return levels
    drawn, alpha = levels[..., :3], levels[..., 3:]
    light = drawn.sum(dtype=np.int64) > 1.5 * alpha.sum(dtype=np.int64)
    return drawn if light else drawn + (255 - alpha)


def _scaled_down(levels: Array) -> Array:
    """Scale a picture down to `WORK_PIXELS`."""
    height, width = levels.shape[:2]
    scale = math.sqrt(WORK_PIXELS / (width * height))
    if scale >= 1:
        return levels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(np.ascontiguousarray(levels), size, interpolation=cv2.INTER_AREA))
