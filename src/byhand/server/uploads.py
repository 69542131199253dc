"""Bodies: received within their limits, held in memory alone, and taken for what their Content-Type says they are."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import python_multipart
from fastapi import Request
from PIL import Image
from python_multipart.exceptions import FormParserError
from starlette.requests import ClientDisconnect

from byhand.hands import Array
from byhand.reading.picture import FORMATS, open_picture
from byhand.server.limits import Limits
from byhand.server.problems import Problem, busy

FIELD = "picture"
PIXELS = 28 * 28
LINGERS, REST = 2.0, 50_000_000
"""Seconds and bytes of a body that is too long which are received and forgotten, so that its sender hears why."""


class Uploads:
    """Receives bodies, and knows how many bytes of them are held."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Receive a request's body, which is held until the block ends.

        Raises
        ------
        Problem
            413 as soon as it is too long, 408 where it takes too long, 429 where too many are held.
        """
        mine = 0
        parts: list[bytes] = []
        stream = request.stream()
        try:
            if _declared(request) > self.limits.body:
                await self._too_long(stream)
            try:
                async with asyncio.timeout(self.limits.arrival):
                    async for part in stream:
                        mine += len(part)
                        self.held += len(part)
                        if mine > self.limits.body:
                            parts.clear()
                            await self._too_long(stream)
                        if self.held > self.limits.bodies:
                            raise busy("Too many pictures are being received at once; send this one again in a second.")
                        parts.append(part)
            except TimeoutError:
                raise Problem(
                    408,
                    f"The body had not arrived after {self.limits.arrival:g} seconds; send it faster, or less of it.",
                    {"Connection": "close"},
                ) from None
            except ClientDisconnect:
                raise Problem(400, "The body ended before it was complete; send all of it.") from None
            yield b"".join(parts)
        finally:
            self.held -= mine

    async def _too_long(self, stream: AsyncIterator[bytes]) -> None:
        with contextlib.suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(LINGERS):
                rest = 0
                async for part in stream:
                    rest += len(part)
                    if rest > REST:
                        break
        raise Problem(
            413,
            f"The body has more than {self.limits.body:,} bytes; send a smaller picture.",
            {"Connection": "close"},
        )


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")
    # Python makes no number of thousands of digits, and twenty are too many already.
    return int(length[:20]) if length.isascii() and length.isdigit() else 0


def kind_of(request: Request) -> str:
    """Give the Content-Type without its parameters; bytes that are not said to be anything are bytes."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() or "application/octet-stream"


def picture_in(body: bytes, content_type: str) -> bytes:
    """Find the picture file in a body.

    Parameters
    ----------
    body
        The body.
    content_type
        The whole header: ``image/...`` or ``application/octet-stream`` for the bytes of a file, or
        ``multipart/form-data`` with one in the field ``picture``.

    Raises
    ------
    Problem
        415 for other kinds of bodies, 400 for broken multipart, 422 where there is nothing.
    """
    kind = content_type.partition(";")[0].strip().lower() or "application/octet-stream"
    if kind == "multipart/form-data":
        body = _field(body, content_type)
    elif not kind.startswith("image/") and kind != "application/octet-stream":
        raise Problem(
            415,
            f"The body is said to be {kind[:80]!r}; send the bytes of a picture file as image/png, image/jpeg and the "
            f"like, or multipart/form-data with the field {FIELD!r}.",
        )
    if not body:
        raise Problem(422, "The body is empty; send the bytes of a picture file.")
    return body


def _field(body: bytes, content_type: str) -> bytes:
    """Take the field `FIELD` out of ``multipart/form-data``."""
    _, parameters = python_multipart.multipart.parse_options_header(content_type)
    boundary = parameters.get(b"boundary")
    if not boundary:
        raise Problem(400, "The Content-Type multipart/form-data names no boundary; give one.")
    found: list[bytearray] = []
    header, value, name, whole = bytearray(), bytearray(), b"", False

    def header_ended() -> None:
        nonlocal name
        if bytes(header).lower() == b"content-disposition":
            name = python_multipart.multipart.parse_options_header(bytes(value))[1].get(b"name", b"")
        header.clear()
        value.clear()

    def headers_ended() -> None:
        if name == FIELD.encode():
            found.append(bytearray())

    def data(text: bytes, start: int, end: int) -> None:
        if name == FIELD.encode():
            found[-1].extend(text[start:end])

    def part_begins() -> None:
        nonlocal name
        name = b""

    def form_ends() -> None:
        nonlocal whole
        whole = True

    try:
        parser = python_multipart.MultipartParser(
            boundary,
            {
                "on_part_begin": part_begins,
                "on_header_field": lambda text, start, end: header.extend(text[start:end]),
                "on_header_value": lambda text, start, end: value.extend(text[start:end]),
                "on_header_end": header_ended,
                "on_headers_finished": headers_ended,
                "on_part_data": data,
                "on_end": form_ends,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError:
        whole = False
    if not whole:
        raise Problem(400, "The body is not the multipart/form-data that its Content-Type announces; send all of it.")
    if len(found) != 1:
        raise Problem(422, f"The form has {len(found)} fields {FIELD!r}; send one, with a picture file.")
    return bytes(found[0])


def measured(file: bytes, limits: Limits) -> bytes:
    """Give a picture file back if it has no more pixels than are taken; they are not decoded for that.

    Raises
    ------
    Problem
        413 where it has too many. What is no picture at all is told by who reads it.
    """
    try:
        with Image.open(io.BytesIO(file), formats=FORMATS) as picture:
            width, height = picture.size
    except Image.DecompressionBombError:
        raise Problem(413, f"The picture has more than {limits.pixels:,} pixels; send a smaller one.") from None
    except Exception:  # What Pillow raises on broken files has no common class.
        return file
    if width * height > limits.pixels:
        raise Problem(
            413, f"The picture has {width:,} x {height:,} pixels, more than {limits.pixels:,}; send a smaller one."
        )
    return file


def ink_in(body: bytes, content_type: str, limits: Limits) -> Array:
    """Find the 28x28 ink that networks read: ``{"pixels": [784 integers]}`` as JSON, or a picture of that size.

    Returns
    -------
    numpy.ndarray
        uint8 ``(28, 28)``, ink light on dark.

    Raises
    ------
    Problem
        If it is something else.
    ByhandError
        If it is to be a picture and is none.
    """
    if content_type.partition(";")[0].strip().lower() == "application/json":
        return _pixels(parsed(body))
    picture = open_picture(measured(picture_in(body, content_type), limits))
    if picture.size != (28, 28):
        width, height = picture.size
        raise Problem(
            422,
            f"The picture has {width} x {height} pixels, and networks read 28 x 28; "
            "let /v1/see or /v1/read find the digit.",
        )
    return np.asarray(Image.fromarray(picture.pixels).convert("L"))


def parsed(body: bytes) -> Any:
    """Parse JSON.

    Raises
    ------
    Problem
        400 where it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise Problem(400, "The body is not the JSON that its Content-Type announces.") from problem


def _pixels(values: Any) -> Array:
    pixels = values.get("pixels") if isinstance(values, dict) and values.keys() == {"pixels"} else None
    if (
        not isinstance(pixels, list)
        or len(pixels) != PIXELS
        or not all(type(pixel) is int and 0 <= pixel <= 255 for pixel in pixels)
    ):
        raise Problem(422, f'Send {{"pixels": [...]}} and nothing else: {PIXELS} whole numbers from 0 to 255.')
    return np.array(pixels, np.uint8).reshape(28, 28)
