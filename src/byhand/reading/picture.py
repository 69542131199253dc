"""A picture file, image or array -> upright RGB pixels, no more of them than reading needs.

Transparent pictures are laid on paper: white under dark drawings, black under light ones.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
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

if TYPE_CHECKING:
    from PIL import Image

Array = npt.NDArray[Any]

# MPO, which some phones write, opens as JPEG; Pillow fails if it is asked for by its own name.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
EXPECTED = "a picture (PNG, JPEG, WebP, TIFF or BMP)"

MAX_BYTES = 2**28
MAX_PIXELS = 100_000_000
MAX_SIDE = 30_000
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
        raise ByhandError(f"{where} is not {EXPECTED}; export it as one.", code="picture.unknown_format") from problem
    except Exception as problem:
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160].rstrip(".")
        raise ByhandError(
            f"{where} cannot be read ({reason}); save or export the picture again.", code="picture.damaged"
        ) from problem


def _decode(content: bytes, where: str) -> Picture:
    from PIL import Image

    if not content:
        raise ByhandError(f"{where} is empty, expected {EXPECTED}; save or send it again.", code="picture.empty")
    with _decoding(where), Image.open(io.BytesIO(content), formats=FORMATS) as image:
        # Only the header has been read: a file that would unpack to gigabytes goes no further.
        _check_size(*image.size, where)
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        if frames > 1:
            raise ByhandError(
                f"{where} holds {frames} pictures, expected one; save the one to read as a file.",
                code="picture.animated",
            )
        size = image.size
        # A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that is enough, in a fraction of the time.
        scale = math.sqrt(min(1.0, WORK_PIXELS / (size[0] * size[1])))
        image.draft(None, (math.ceil(size[0] * scale), math.ceil(size[1] * scale)))
        return _from_image(image, size)


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
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    size = size[::-1] if turned else size
    if upright.mode.startswith(("I", "F")):
        return Picture(_scaled_down(_rgb(_to_uint8(np.asarray(upright)))), size)
    if upright.has_transparency_data:
        return Picture(_scaled_down(_on_paper(np.asarray(upright.convert("RGBA")))), size)
    return Picture(_scaled_down(np.asarray(upright.convert("RGB"))), size)


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
    levels = _to_uint8(array)
    if levels.ndim == 3 and levels.shape[2] == 4:
        levels = _on_paper(levels)
    return Picture(_scaled_down(_rgb(levels)), (array.shape[1], array.shape[0]))


def _to_uint8(levels: Array) -> Array:
    """Scale grey levels of any type to 0 to 255."""
    # Integers of 0 and 1 are a mask: a picture whose lightest level is 1 of 255 shows nothing.
    if levels.dtype == np.bool_ or (levels.dtype.kind in "iu" and levels.min() >= 0 and levels.max() <= 1):
        return levels.astype(np.uint8) * np.uint8(255)
    if levels.dtype == np.uint8:
        return levels
    low, high = float(levels.min()), float(levels.max())
    if not (low >= 0 and 256 <= high <= 65535):
        return grey_levels(levels, "The pixels of the picture")
    if levels.dtype.kind == "f":
        return np.rint(levels.astype(np.float64) * (255 / 65535)).astype(np.uint8)
    # Scanners and cameras store 10, 12 or 16 bits in 16.
    return (levels >> max(0, int(high).bit_length() - 8)).astype(np.uint8)


def _rgb(levels: Array) -> Array:
    if levels.ndim == 3 and levels.shape[2] == 3:
        return levels
    grey = levels.reshape(levels.shape[:2])
    return np.repeat(grey[..., None], 3, axis=2)


def _on_paper(rgba: Array) -> Array:
    """Lay a transparent picture on white, or on black if the drawing is light."""
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    drawn = rgba[..., :3].astype(np.uint16) * alpha  # (H, W, 3)
    light = drawn.sum(dtype=np.float64) > 127.5 * 3 * alpha.sum(dtype=np.float64)
    paper = 0 if light else 255
    return ((drawn + paper * (255 - alpha) + 127) // 255).astype(np.uint8)


def _scaled_down(rgb: Array) -> Array:
    """Scale a picture down to `WORK_PIXELS`."""
    height, width = rgb.shape[:2]
    scale = math.sqrt(WORK_PIXELS / (width * height))
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
