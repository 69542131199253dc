"""Any picture becomes the same upright pixels; what is none is told in one sentence."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from collections.abc import Callable
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
from byhand.reading.picture import MOST_PIXELS, WORKED, open_picture

RAMP = np.linspace(0, 255, 40 * 60).reshape(40, 60).astype(np.uint8)

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60)).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "PPM"])
def test_formats_that_lose_nothing(kind: str) -> None:
    opened = open_picture(saved(Image.fromarray(RAMP), kind))
    assert opened.size == (60, 40)
    assert np.array_equal(opened.pixels, np.repeat(RAMP[..., None], 3, axis=2))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_formats_that_lose_a_little(kind: str) -> None:
    opened = open_picture(saved(Image.fromarray(RAMP).convert("RGB"), kind, quality=95))
    assert np.abs(opened.pixels[..., 0].astype(int) - RAMP).max() < 12


def test_an_image_is_left_as_it_was() -> None:
    large = Image.new("L", (4000, 3000), 255)
    image = Image.open(io.BytesIO(saved(large, "JPEG")))
    opened = open_picture(image)
    assert opened.pixels[..., 0].size < 1.01 * WORKED
    assert image.size == opened.size == (4000, 3000)


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
def test_cameras_that_were_held_otherwise(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.zeros((40, 60), np.uint8)
    upright[:10, :15] = 255
    # What a camera stores so that its note makes it upright: the inverse of what the note asks for.
    stores = dict(zip((1, 2, 3, 4), (upright, upright[:, ::-1], upright[::-1, ::-1], upright[::-1]), strict=True))
    turned = (upright.T, np.rot90(upright), np.rot90(upright, 2).T, np.rot90(upright, -1))
    stores |= dict(zip((5, 6, 7, 8), turned, strict=True))
    stored = Image.fromarray(np.ascontiguousarray(stores[orientation]))
    opened = open_picture(saved(stored, "PNG", exif=exif))
    assert opened.size == (60, 40)
    assert np.array_equal(opened.pixels[..., 0], upright)


@pytest.mark.parametrize("light", [False, True])
def test_what_is_transparent_is_paper(light: bool) -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[8:12, 4:16] = (255, 255, 255, 255) if light else (0, 0, 0, 255)
    pixels = open_picture(rgba).pixels
    assert pixels[0, 0].tolist() == ([0] * 3 if light else [255] * 3)
    assert pixels[10, 10].tolist() == ([255] * 3 if light else [0] * 3)
    assert np.array_equal(pixels, open_picture(saved(Image.fromarray(rgba), "PNG")).pixels)


def test_arrays_of_many_types() -> None:
    wanted = np.repeat(RAMP[..., None], 3, axis=2)
    for array in (RAMP, RAMP[..., None], wanted, RAMP / 255, RAMP.astype(float), RAMP.astype(np.int64)):
        assert np.array_equal(open_picture(array).pixels, wanted)
    # 12 and 16 bits.
    for bits in (12, 16):
        levels = RAMP.astype(np.uint16) << (bits - 8)
        assert np.array_equal(open_picture(levels).pixels, wanted)
    black = open_picture(np.array([[True, False]])).pixels
    assert black[..., 0].tolist() == [[255, 0]]


def test_large_pictures_are_scaled_down_early() -> None:
    large = Image.new("L", (4000, 3000), 200)
    for kind in ("JPEG", "PNG"):
        opened = open_picture(saved(large, kind))
        assert opened.size == (4000, 3000)
        height, width, _ = opened.pixels.shape
        assert height * width <= 1.01 * WORKED
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
    ("content", "found"),
    [
        (b"", "is empty"),
        (b"seven\n", r"is not a picture \(PNG, JPEG"),
        (saved(NOISE, "JPEG")[:1500], "cannot be read"),
        (saved(NOISE, "PNG")[:1500], "cannot be read"),
        (png_claiming(100_000, 10), "has 100,000 x 10 pixels, expected at most 30,000"),
        (png_claiming(12_000, 12_000), "has 12,000 x 12,000 pixels"),
        (png_claiming(25_000, 25_000), "exceeds limit"),
        (png_claiming(0, 10), "is not a picture"),
        (animation(), "holds 2 pictures, expected one"),
    ],
)
def test_files_that_are_no_pictures(content: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "seven.png"
    path.write_bytes(content)
    for source in (path, str(path), content):
        with pytest.raises(ByhandError, match=found) as told:
            open_picture(source)
        assert str(told.value).count("\n") == 0
        assert str(told.value).endswith(".")


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(ByhandError, match="is a folder, expected a picture"):
        open_picture(tmp_path)
    with pytest.raises(ByhandError, match="No such file"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(ByhandError, match="cannot be read"):
        open_picture("null\0byte.png")
    (tmp_path / "locked.png").write_bytes(saved(Image.fromarray(RAMP), "PNG"))
    (tmp_path / "locked.png").chmod(0)
    if not os.access(tmp_path / "locked.png", os.R_OK):
        with pytest.raises(ByhandError, match="Permission denied"):
            open_picture(tmp_path / "locked.png")


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros((0, 5)), "has 5 x 0 pixels"),
        (np.zeros(7), r"shape \(7,\)"),
        (np.zeros((4, 4, 2)), r"shape \(4, 4, 2\)"),
        (np.zeros((4, 4), complex), "type complex128"),
        (np.full((4, 4), np.nan), "values from nan"),
        (np.full((4, 4), -1.0), "values from -1"),
        (np.full((4, 4), 70_000), "to 70000"),
        (np.array([["a"]]), "type <U1"),
        ([[1, 2], [3]], "is no array"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000)), f"{MOST_PIXELS // 10**6} million"),
        (None, "type object"),
    ],
)
def test_arrays_that_are_no_pictures(array: Any, found: str) -> None:
    with pytest.raises(ByhandError, match=found):
        open_picture(array)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM"]))
def test_no_bytes_do_any_harm(rest: bytes, start: bytes) -> None:
    with contextlib.suppress(ByhandError):
        open_picture(start + rest)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int32, np.float32, np.float64, np.bool_]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=24),
    )
)
def test_no_array_does_any_harm(reader: Reader, array: np.ndarray[Any, Any]) -> None:
    try:
        reading = reader.read(array)
    except ByhandError:
        return
    assert reading.size == (array.shape[1], array.shape[0])
    for digit in reading.digits:
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= reading.size[0]
        assert 0 <= top < bottom <= reading.size[1]


def test_a_pil_image_is_left_as_it_was(draw: Callable[..., Any]) -> None:
    image = Image.fromarray(draw("7"))
    before = image.tobytes()
    open_picture(image)
    assert image.tobytes() == before


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float32])
def test_a_mask_of_any_type_is_the_same_picture(kind: type) -> None:
    mask = np.zeros((40, 40), kind)
    mask[8:32, 18:22] = 1
    assert np.array_equal(open_picture(mask).pixels, open_picture(255 * mask.astype(np.uint8)).pixels)
