"""A picture as people have it -> upright RGB pixels, no more of them than reading needs.

Whatever carries transparency is laid on paper: white under dark drawings, black under light ones.
"""

from __future__ import annotations

import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.data.formats.limits import parsing
from byhand.errors import ByhandError

if TYPE_CHECKING:
    from PIL import Image

Array = npt.NDArray[Any]

# MPO, as some phones write it, opens as JPEG; asked for by its own name, Pillow fails on it and all that come after it.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
WANTED = "a picture (PNG, JPEG, WebP, TIFF or BMP)"

MOST_BYTES = 2**28
MOST_PIXELS = 100_000_000
MOST_SIDE = 30_000
WORKED = 2_000_000
"""Pixels that are worked on: a page of 12 megapixels keeps handwriting of 4 mm legible."""


@dataclass(frozen=True)
class Picture:
    """An opened picture.

    Attributes
    ----------
    pixels
        uint8 ``(H, W, 3)``, upright, red first, at most about `WORKED` pixels.
    size
        Width and height of the upright picture before it was scaled down.
    """

    pixels: Array
    size: tuple[int, int]


def open_picture(source: Any) -> Picture:
    """Open a picture, of a file or from memory.

    Parameters
    ----------
    source
        A path; the bytes of a picture file; a PIL image; or an array, ``(H, W)`` or ``(H, W, 1 or 3 or 4)``, of bool,
        integers (8 to 16 bits) or floats (0 to 1, or 0 to 255).

    Raises
    ------
    ByhandError
        If it is no picture, a damaged or an animated one, or one of no pixels or of too many.
    """
    from PIL import Image

    if isinstance(source, bytes | bytearray | memoryview):
        return _decoded(bytes(source), "The picture")
    if isinstance(source, str | os.PathLike):
        return _decoded(_content(Path(source)), str(source))
    if isinstance(source, Image.Image):
        _check_size(*source.size, "The picture")
        with parsing("The picture", "a PIL image"):
            return _from_image(source, source.size)
    return _from_array(source)


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise ByhandError(f"{path} is a folder, expected {WANTED}; name the files in it ({path / '*'}).")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ByhandError(f"{path} cannot be read ({reason}); name {WANTED}.") from problem
    if len(content) > MOST_BYTES:
        raise ByhandError(
            f"{path} is larger than {MOST_BYTES // 2**20} MB, expected {WANTED}; save the picture smaller."
        )
    return content


def _decoded(content: bytes, where: str) -> Picture:
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise ByhandError(f"{where} is empty, expected {WANTED}; save or send it again.")
    try:
        with parsing(where, WANTED), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            # Only the header has been read so far: what unpacks to gigabytes goes no further.
            _check_size(*image.size, where)
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            if frames > 1:
                raise ByhandError(f"{where} holds {frames} pictures, expected one; save the one to be read by itself.")
            size = image.size
            # A JPEG is unpacked at 1/2, 1/4 or 1/8 of its size where that is enough, in a fraction of the time.
            share = math.sqrt(min(1.0, WORKED / (size[0] * size[1])))
            image.draft(None, (math.ceil(size[0] * share), math.ceil(size[1] * share)))
            return _from_image(image, size)
    except ByhandError as problem:
        if isinstance(problem.__cause__, UnidentifiedImageError):
            raise ByhandError(f"{where} is not {WANTED}; save or export it as one of these.") from problem
        raise


def _check_size(width: int, height: int, where: str) -> None:
    if min(width, height) < 1:
        raise ByhandError(f"{where} has {width} x {height} pixels, expected at least one; save it again.")
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise ByhandError(
            f"{where} has {width:,} x {height:,} pixels, expected at most {MOST_SIDE:,} along a side and "
            f"{MOST_PIXELS // 10**6} million in all; scale it down or cut it."
        )


def _from_image(image: Image.Image, size: tuple[int, int]) -> Picture:
    """Bring an image to upright RGB; `size` is its own before any of it was unpacked."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    size = size[::-1] if turned else size
    if upright.mode.startswith(("I", "F")):
        return Picture(_worked(_rgb(_eight_bits(np.asarray(upright), "The picture"))), size)
    if upright.has_transparency_data:
        return Picture(_worked(_on_paper(np.asarray(upright.convert("RGBA")))), size)
    return Picture(_worked(np.asarray(upright.convert("RGB"))), size)


def _from_array(source: Any) -> Picture:
    try:
        array = np.asarray(source)
    except ValueError as problem:
        raise ByhandError(f"The picture is no array ({problem}); give one of shape (height, width).") from problem
    if (
        array.dtype.kind not in "buif"
        or array.ndim not in (2, 3)
        or (array.ndim == 3 and array.shape[2] not in (1, 3, 4))
    ):
        raise ByhandError(
            f"The picture is an array of shape {array.shape} and type {array.dtype}, expected numbers of shape "
            "(height, width) or (height, width, 3 or 4); give grey levels or RGB."
        )
    _check_size(array.shape[1], array.shape[0], "The picture")
    levels = _eight_bits(array, "The picture")
    if levels.ndim == 3 and levels.shape[2] == 4:
        levels = _on_paper(levels)
    return Picture(_worked(_rgb(levels)), (array.shape[1], array.shape[0]))


def _eight_bits(levels: Array, where: str) -> Array:
    """Bring grey levels of any type to 0 to 255."""
    # A mask is one in whole numbers too: a picture whose lightest level is 1 of 255 shows nothing.
    if levels.dtype == np.bool_ or (levels.dtype.kind in "iu" and levels.min() >= 0 and levels.max() <= 1):
        return levels.astype(np.uint8) * np.uint8(255)
    if levels.dtype == np.uint8:
        return levels
    low, high = float(levels.min()), float(levels.max())
    if not (low >= 0 and high <= 65535):
        raise ByhandError(
            f"{where} holds values from {low:g} to {high:g}, expected 0 to 1, 0 to 255, or 0 to 65535; scale them."
        )
    if levels.dtype.kind == "f":
        scale = 255.0 if high <= 1 else 1.0 if high <= 255 else 255 / 65535
        return np.rint(levels.astype(np.float64) * scale).astype(np.uint8)
    # Scanners and cameras write 10, 12 or 16 bits into 16.
    return (levels >> max(0, int(high).bit_length() - 8)).astype(np.uint8)


def _rgb(levels: Array) -> Array:
    if levels.ndim == 3 and levels.shape[2] == 3:
        return levels
    grey = levels.reshape(levels.shape[:2])
    return np.repeat(grey[..., None], 3, axis=2)


def _on_paper(rgba: Array) -> Array:
    """Lay what is transparent on white, or on black where the drawing is light."""
    cover = rgba[..., 3:].astype(np.uint16)
    if cover.min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    drawn = rgba[..., :3].astype(np.uint16) * cover  # (H, W, 3)
    light = drawn.sum(dtype=np.float64) > 127.5 * 3 * cover.sum(dtype=np.float64)
    ground = 0 if light else 255
    return ((drawn + ground * (255 - cover) + 127) // 255).astype(np.uint8)


def _worked(rgb: Array) -> Array:
    """Scale down what has more pixels than reading needs."""
    height, width = rgb.shape[:2]
    share = math.sqrt(WORKED / (width * height))
    if share >= 1:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
