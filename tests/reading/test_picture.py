"""Any picture becomes the same upright pixels; anything else is refused."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from byhand.errors import ByhandError
from byhand.reading import Reader
from byhand.reading.picture import WORK_PIXELS, open_picture

RAMP = np.linspace(0, 255, 40 * 60).reshape(40, 60).astype(np.uint8)
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60)).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "PPM", "JPEG", "WEBP"])
def test_formats(kind: str) -> None:
    lossy = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    opened = open_picture(saved(Image.fromarray(RAMP).convert("RGB" if lossy else "L"), kind, **lossy))
    assert opened.size == (60, 40)
    assert np.abs(opened.pixels.astype(int) - RAMP[..., None]).max() <= (12 if lossy else 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "F", "I;16"])
def test_modes(mode: str) -> None:
    grey = Image.fromarray(np.where(RAMP > 127, 255, 0).astype(np.uint8))
    if mode in ("I", "F"):
        image = grey.convert(mode)
    elif mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = grey.convert("RGB").convert(mode)
    assert np.abs(open_picture(image).pixels[..., 0].astype(int) - np.asarray(grey)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.zeros((40, 60), np.uint8)
    upright[:10, :15] = 255
    # What a camera stores: the inverse of the transformation that the tag asks for.
    stores = dict(zip((1, 2, 3, 4), (upright, upright[:, ::-1], upright[::-1, ::-1], upright[::-1]), strict=True))
    turned = (upright.T, np.rot90(upright), np.rot90(upright, 2).T, np.rot90(upright, -1))
    stores |= dict(zip((5, 6, 7, 8), turned, strict=True))
    stored = Image.fromarray(np.ascontiguousarray(stores[orientation]))
    opened = open_picture(saved(stored, "PNG", exif=exif))
    assert opened.size == (60, 40)
    assert np.array_equal(opened.pixels[..., 0], upright)


@pytest.mark.parametrize("light", [False, True])
def test_transparency_becomes_paper(light: bool) -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[8:12, 4:16] = (255, 255, 255, 255) if light else (0, 0, 0, 255)
    pixels = open_picture(rgba).pixels
    assert pixels[0, 0].tolist() == ([0] * 3 if light else [255] * 3)
    assert pixels[10, 10].tolist() == ([255] * 3 if light else [0] * 3)
    assert np.array_equal(pixels, open_picture(saved(Image.fromarray(rgba), "PNG")).pixels)


def test_arrays_of_many_types() -> None:
    expected = np.repeat(RAMP[..., None], 3, axis=2)
    for array in (RAMP, RAMP[..., None], expected, RAMP / 255, RAMP.astype(float), RAMP.astype(np.int64)):
        assert np.array_equal(open_picture(array).pixels, expected)
    for bits in (12, 16):
        assert np.array_equal(open_picture(RAMP.astype(np.uint16) << (bits - 8)).pixels, expected)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float32])
def test_a_mask_of_any_type_is_the_same_picture(kind: type) -> None:
    mask = np.zeros((40, 40), kind)
    mask[8:32, 18:22] = 1
    assert np.array_equal(open_picture(mask).pixels, open_picture(255 * mask.astype(np.uint8)).pixels)


def test_large_pictures_are_scaled_down() -> None:
    large = Image.new("L", (4000, 3000), 200)
    for kind in ("JPEG", "PNG"):
        opened = open_picture(saved(large, kind))
        assert opened.size == (4000, 3000)
        height, width, _ = opened.pixels.shape
        assert height * width <= 1.01 * WORK_PIXELS
        assert width / height == pytest.approx(4 / 3, abs=0.01)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and whose body holds almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def animation() -> bytes:
    frames = [Image.new("L", (20, 20), level) for level in (0, 255)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "picture.empty"),
        (b"seven\n", "picture.unknown_format"),
        (saved(NOISE, "JPEG")[:1500], "picture.damaged"),
        (saved(NOISE, "PNG")[:1500], "picture.damaged"),
        (png_claiming(100_000, 10), "picture.too_large"),
        (png_claiming(12_000, 12_000), "picture.too_large"),
        (png_claiming(25_000, 25_000), "picture.damaged"),  # Pillow refuses it
        (png_claiming(0, 10), "picture.unknown_format"),
        (animation(), "picture.animated"),
    ],
)
def test_invalid_files(content: bytes, code: str, tmp_path: Path, refused: Callable[[str], Any]) -> None:
    path = tmp_path / "seven.png"
    path.write_bytes(content)
    for source in (path, str(path), content):
        with refused(code):
            open_picture(source)


def test_invalid_paths(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    with refused("picture.folder"):
        open_picture(tmp_path)
    locked = tmp_path / "locked.png"
    locked.write_bytes(saved(NOISE, "PNG"))
    locked.chmod(0)
    for path in (tmp_path / "none.png", "null\0byte.png", *([] if os.access(locked, os.R_OK) else [locked])):
        with refused("picture.unreadable"):
            open_picture(path)


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.zeros((0, 5)), "picture.empty"),
        (np.zeros(7), "picture.invalid_array"),
        (np.zeros((4, 4, 2)), "picture.invalid_array"),
        (np.zeros((4, 4), complex), "picture.invalid_array"),
        (np.array([["a"]]), "picture.invalid_array"),
        ([[1, 2], [3]], "picture.invalid_array"),
        (None, "picture.invalid_array"),
        (np.full((4, 4), np.nan), "pixels.not_finite"),
        (np.full((4, 4), -1.0), "pixels.out_of_range"),
        (np.full((4, 4), 5.0), "pixels.ambiguous"),
        (np.full((4, 4), 70_000), "pixels.out_of_range"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000)), "picture.too_large"),
    ],
)
def test_invalid_arrays(array: Any, code: str, refused: Callable[[str], Any]) -> None:
    with refused(code):
        open_picture(array)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM"]))
def test_any_bytes_are_read_or_refused(rest: bytes, start: bytes) -> None:
    with contextlib.suppress(ByhandError):
        open_picture(start + rest)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int32, np.float32, np.float64, np.bool_]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=24),
    )
)
def test_any_array_is_read_or_refused(reader: Reader, array: np.ndarray[Any, Any]) -> None:
    try:
        reading = reader.read(array)
    except ByhandError:
        return
    assert reading.size == (array.shape[1], array.shape[0])
    for digit in reading.digits:
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= reading.size[0]
        assert 0 <= top < bottom <= reading.size[1]


def test_warnings_are_as_before_after_reading_in_threads() -> None:
    content, before = saved(NOISE, "PNG"), list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_picture, [content] * 200))
    assert warnings.filters == before
