"""Small files that would take gigabytes or minutes are refused by their headers, or decoded within bounds."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from byhand.reading import headers, picture
from byhand.reading.picture import WORK_PIXELS, open_picture

GREY = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60)).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def many_chunks() -> bytes:
    png = saved(GREY, "PNG")
    return png[:33] + png_chunk(b"abCd") * 30_000 + png[33:]


def many_segments(filler: bytes) -> bytes:
    jpeg = saved(GREY, "JPEG")
    return jpeg[:2] + filler * 30_000 + jpeg[2:]


def many_scans() -> bytes:
    jpeg = saved(GREY, "JPEG", progressive=True)
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + last * 200 + jpeg[-2:]


def gif(before: bytes = b"", frames: int = 1) -> bytes:
    made = saved(GREY, "GIF")
    start = 13 + headers._palette(made[10])
    frame = made.index(b",", start)
    return made[:start] + before + made[frame:-1] * frames + b";"


def tiff(tags: dict[int, int], counts: dict[int, int] | None = None, following: int = 0) -> bytes:
    """An uncompressed grey TIFF with some tags changed; several values are those at byte 300."""
    values = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 300, 278: 8, 279: 64} | tags
    entries = b"".join(
        struct.pack("<HHII", tag, 4, (counts or {}).get(tag, 1), value) for tag, value in sorted(values.items())
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(values)) + entries + struct.pack("<I", following)
    return head.ljust(300, b"\0") + bytes(200_000)


def bmp(compression: int) -> bytes:
    fields = struct.pack("<IiiHHIIiiII", 40, 5000, 5000, 1, 8, compression, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 1078) + fields + bytes(1024) + b"\x01\0\0\0" * 5000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (many_chunks(), "picture.too_large"),
        (many_segments(b"\xff\xe5\0\x02"), "picture.too_large"),
        (many_segments(b"\xff\xe5\0\x02\0"), "picture.too_large"),
        (many_scans(), "picture.too_large"),
        (gif(b"!\xfe\x01a\0" * 30_000), "picture.too_large"),
        (gif(b"!\xfe" + b"\x01a" * 30_000 + b"\0"), "picture.too_large"),
        (gif(frames=2000), "picture.animated"),
        (tiff({}, following=8), "picture.animated"),
        (tiff({257: 30_000, 278: 1}, {273: 30_000}), "picture.too_large"),
        (tiff({259: 8, 322: 30_000, 323: 30_000, 324: 300, 325: 64}), "picture.too_large"),
        (bmp(1), "picture.too_large"),
        (b"P2 5000 5000 255\n" + b"0 " * 1000, "picture.too_large"),
        (b"P5 # a comment\n 5000 5000 254\n" + bytes(1000), "picture.too_large"),
    ],
)
def test_refused_before_any_decoding(
    content: bytes, code: str, refused: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("the header was not checked first"))
    with refused(code):
        open_picture(content)


def test_what_the_checks_let_pass() -> None:
    """The same files, with few of each part, are read."""
    few = [
        saved(GREY, "PNG"),
        saved(GREY, "JPEG", progressive=True),
        gif(b"!\xfe\x01a\0" * 3),
        tiff({}),
        b"P2 3 2 255\n0 9 200 0 0 0\n",
        b"P5 3 2 254\n" + bytes(6),
        saved(GREY, "TIFF", compression="tiff_deflate"),
        saved(GREY, "TIFF", big_tiff=True),
        saved(GREY, "WEBP"),
        saved(GREY, "BMP"),
    ]
    for content in few:
        opened = open_picture(content)
        assert opened.pixels.shape[:2] == opened.size[::-1]


def test_animations_of_every_format(refused: Callable[[str], Any]) -> None:
    other = Image.fromarray(255 - np.asarray(GREY))
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        with refused("picture.animated"):
            open_picture(saved(GREY, kind, save_all=True, append_images=[other]))


@pytest.mark.parametrize(
    ("content", "passes"),
    [
        (saved(Image.new("L", (300, 300)), "WEBP"), False),
        (saved(Image.new("L", (200, 200)), "WEBP"), True),
        (saved(Image.new("CMYK", (400, 400)), "JPEG", progressive=True), False),
        (saved(Image.new("CMYK", (400, 400)), "JPEG"), True),
        (saved(Image.new("RGB", (900, 900)), "PNG"), False),
        (saved(Image.new("L", (900, 900)), "PNG"), True),
    ],
)
def test_pictures_whose_decoder_needs_too_much(
    content: bytes, passes: bool, refused: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "MAX_DECODED", 1_000_000)
    if passes:
        open_picture(content)
        return
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    with refused("picture.too_large"):
        open_picture(content)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "I;16"])
def test_no_large_copy_of_what_was_decoded(mode: str) -> None:
    """Arrays, which tracemalloc sees, are those of a strip; Pillow's own memory is the picture once."""
    size = (4000, 4000)
    image = Image.fromarray(np.zeros(size[::-1], np.uint16)) if mode == "I;16" else Image.new(mode, size)
    content = saved(image, "PNG")
    tracemalloc.start()
    opened = open_picture(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert opened.size == size
    assert peak < 30 * WORK_PIXELS


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
def test_strips_give_the_picture(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, columns = np.mgrid[:307, :401]
    levels = (127 + 60 * np.sin(rows / 40) + 60 * np.sin(columns / 30)).astype(np.uint8)
    image = Image.fromarray(levels.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(levels).convert(mode)
    expected = open_picture(image).pixels.astype(float)
    monkeypatch.setattr(picture, "WORK_PIXELS", 3000)
    small = open_picture(image)
    assert small.size == (401, 307)
    height, width, _ = small.pixels.shape
    assert height * width <= 3100
    resized = cv2.resize(expected, (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(resized - small.pixels)[1:-1, 1:-1].mean() < 4


def test_bytes_that_are_cut_off_pass() -> None:
    """The decoder says what is wrong with them; the check says nothing and ends."""
    for content in (many_chunks()[:900], many_scans()[:700], gif(frames=1)[:-6], tiff({})[:60], bmp(1)[:30], b"P2 "):
        headers.check_header(content[: len(content) // 2], "x")
