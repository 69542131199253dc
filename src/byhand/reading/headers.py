"""What a picture file says of itself, before a decoder sees it: a small file may ask for hours and gigabytes.

Pillow checks the number of pixels and little else. Here the parts of a file are counted without decoding them: pages
and frames, segments, scans, strips. A file whose parts are many has either several pictures or been made to harm.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from byhand.errors import ByhandError

MAX_PARTS = 20_000
"""Most segments, chunks, blocks or strips of a file. A PNG of 100 MB has about 13,000 chunks."""
MAX_SCANS = 100
"""Most scans of a JPEG, each of which passes over all pixels; progressive ones have about ten."""
MAX_SCANNED = 600_000_000
"""Most scans times pixels of a JPEG."""
MAX_SLOW = 2_000_000
"""Most pixels of what Pillow decodes in Python: run-length coded BMP, PGM and PPM in text or with unusual levels."""

BLOCK, MARKER = re.compile(rb"[,!;]"), re.compile(rb"\xff[^\x00\xff]")


def check_header(content: bytes, where: str) -> None:
    """Refuse a picture file with several pictures, or with more parts than a picture has.

    Parameters
    ----------
    content
        The bytes of the file, of any format; a file that is not a picture, or is cut off, passes.
    where
        Its name, for the error.

    Raises
    ------
    ByhandError
        If it has several frames or pages, or too many parts.
    """
    start = content[:12]
    if start.startswith(b"\xff\xd8\xff"):
        _check_jpeg(content, where)
    elif start.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_png(content, where)
    elif start.startswith((b"GIF87a", b"GIF89a")):
        _check_gif(content, where)
    elif start.startswith(b"RIFF") and start.endswith(b"WEBP"):
        _check_webp(content, where)
    elif start.startswith((b"II", b"MM")):
        _check_tiff(content, where)
    elif start.startswith(b"BM"):
        _check_bmp(content, where)
    elif re.match(rb"P[1-6f]", start):
        _check_ppm(content, where)


def too_costly(where: str, found: str) -> ByhandError:
    """The error for a file that takes too much to decode."""
    return ByhandError(f"{where} {found}; save or export the picture again, or smaller.", code="picture.too_large")


def animated(where: str) -> ByhandError:
    """The error for a file with several pictures."""
    return ByhandError(
        f"{where} holds several pictures, expected one; save the one to read as a file.", code="picture.animated"
    )


def _counted(parts: Iterator[tuple[bytes, int, int]], where: str) -> Iterator[tuple[bytes, int, int]]:
    for number, part in enumerate(parts, 1):
        if number > MAX_PARTS:
            raise too_costly(where, f"has more than {MAX_PARTS:,} parts")
        yield part


def _chunks(content: bytes, at: int, layout: str, extra: int, even: bool = False) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of each chunk: of PNG, or of RIFF, where the length comes last and is made even."""
    while at + 8 <= len(content):
        fields = struct.unpack_from(layout, content, at)
        name, size = (fields[0], fields[1]) if isinstance(fields[0], bytes) else (fields[1], fields[0])
        yield name, at + 8, size
        at += 8 + size + extra + (size % 2 if even else 0)


def _check_png(content: bytes, where: str) -> None:
    for name, start, _ in _counted(_chunks(content, 8, ">I4s", 4), where):
        if name == b"acTL" and int.from_bytes(content[start : start + 4]) > 1:
            raise animated(where)


def _check_webp(content: bytes, where: str) -> None:
    frames = [name for name, _, _ in _counted(_chunks(content, 12, "<4sI", 0, even=True), where) if name == b"ANMF"]
    if len(frames) > 1:
        raise animated(where)


def _check_gif(content: bytes, where: str) -> None:
    frames = 0
    for name, _, _ in _gif_blocks(content, where):
        frames += name == b","
        if frames > 1:
            raise animated(where)


def _gif_blocks(content: bytes, where: str) -> Iterator[tuple[bytes, int, int]]:
    """Images and extensions of a GIF."""
    if len(content) < 13:
        return
    at, parts = 13 + _palette(content[10]), 0
    while at + 10 < len(content):
        name = content[at : at + 1]
        if name not in (b",", b"!"):
            # What is between blocks, Pillow skips.
            found = BLOCK.search(content, at + 1)
            if name == b";" or not found:
                return
            at = found.start()
            continue
        yield name, at, 0
        at += 11 + _palette(content[at + 9]) if name == b"," else 2
        while at < len(content) and content[at]:
            at += 1 + content[at]
            parts += name == b"!"
        at += 1
        parts += 1
        if parts > MAX_PARTS:
            raise too_costly(where, f"has more than {MAX_PARTS:,} parts")


def _palette(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _check_jpeg(content: bytes, where: str) -> None:
    scans = content.count(b"\xff\xda")
    pixels = 0
    for name, start, _ in _counted(_segments(content), where):
        if name[0] in range(0xC0, 0xD0) and name[0] not in (0xC4, 0xC8, 0xCC) and start + 5 < len(content):
            height, width = struct.unpack_from(">HH", content, start + 1)
            pixels = max(pixels, width * height)
    if scans > MAX_SCANS or scans * pixels > MAX_SCANNED:
        raise too_costly(where, f"has {scans:,} scans of {pixels:,} pixels")


def _segments(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Marker, start and length of each segment of a JPEG before its first scan."""
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF or content[at + 1] in (0x00, 0xFF):
            # Pillow skips junk byte by byte; it counts as a part.
            found = MARKER.search(content, at)
            if not found:
                return
            yield b"\0", at, 0
            at = found.start()
        name = content[at + 1 : at + 2]
        if name == b"\xda":
            return
        size = 0 if name[0] in (0x01, *range(0xD0, 0xDA)) else int.from_bytes(content[at + 2 : at + 4])
        yield name, at + 4, size
        at += 2 + size


def _check_tiff(content: bytes, where: str) -> None:
    order = "<" if content[:1] == b"I" else ">"
    big = content[2:4] in (b"+\0", b"\0+")
    offset, count, entry = ("Q", "Q", "HHQ") if big else ("I", "H", "HHI")
    size, first = struct.calcsize(order + entry + offset), struct.calcsize(order + count)
    try:
        (at,) = struct.unpack_from(order + offset, content, 8 if big else 4)
        (entries,) = struct.unpack_from(order + count, content, at)
        if entries > MAX_PARTS:
            raise too_costly(where, f"has {entries:,} tags")
        values: dict[int, int] = {}
        for number in range(entries):
            tag, kind, length = struct.unpack_from(order + entry, content, at + first + number * size)
            if tag in (273, 324) and length > MAX_PARTS:
                raise too_costly(where, f"has {length:,} strips")
            place = at + first + number * size + struct.calcsize(order + entry)
            values.setdefault(tag, struct.unpack_from(order + ("H" if kind == 3 else "I"), content, place)[0])
        (following,) = struct.unpack_from(order + offset, content, at + first + entries * size)
    except struct.error:
        return  # cut off, which the decoder says better
    if following:
        raise animated(where)
    width, height = values.get(256, 0), values.get(257, 0)
    wide, high = values.get(322, 0), values.get(323, 0)
    if wide * high > max(4 * width * height, 1_000_000):
        raise too_costly(where, f"has tiles of {wide:,} x {high:,} pixels")


def _check_bmp(content: bytes, where: str) -> None:
    if len(content) >= 34 and int.from_bytes(content[14:18], "little") >= 40:
        width, height, _, _, compression = struct.unpack_from("<iiHHI", content, 18)
        if compression in (1, 2) and abs(width * height) > MAX_SLOW:
            raise too_costly(where, f"is run-length coded and has {abs(width * height):,} pixels")


def _check_ppm(content: bytes, where: str) -> None:
    header = re.sub(rb"#[^\n\r]*", b" ", content[:4096]).split(maxsplit=4)
    sizes = [int(word) for word in header[1:4] if re.fullmatch(rb"\d{1,9}", word)]
    if len(sizes) < 2:
        return
    raw = header[0] in (b"P4", b"Pf") or (header[0] in (b"P5", b"P6") and sizes[2:] in ([255], [65535]))
    if not raw and sizes[0] * sizes[1] > MAX_SLOW:
        raise too_costly(where, f"is of a kind that is slow to decode and has {sizes[0] * sizes[1]:,} pixels")
