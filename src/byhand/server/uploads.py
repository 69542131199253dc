"""Pictures and pixels from request bodies; they are held in memory and never written to disk."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from byhand.hands import Array
from byhand.server.pool import ReadingPool
from byhand.server.responses import Problem, parse_json
from byhand.server.schemas import Pixels

FIELD = "picture"
MANY = "pictures"
MOST_FILES = 1000
"""Files in a form."""


def media_type(request: Request) -> str:
    """Return the Content-Type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() or "application/octet-stream"


class MemoryForm(MultiPartParser):
    """Starlette's form parser, without temporary files (`BodyLimits` bounds the memory), for complete forms only."""

    spool_max_size = 0
    complete = False

    def __init__(self, request: Request, max_files: int) -> None:
        super().__init__(request.headers, self._to_the_end(request.stream()), max_files=max_files)

    def on_end(self) -> None:
        """Note that the closing boundary has come."""
        self.complete = True

    async def _to_the_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not self.complete:
            raise MultiPartException("The closing boundary is missing.")


async def receive_picture(request: Request) -> bytes:
    """Receive a picture file: as the body itself, or as the field ``picture`` of ``multipart/form-data``.

    Raises a `Problem`: 415 for other content types, 400 for a broken form, 422 if there is not one picture.
    """
    kind = media_type(request)
    if kind == "multipart/form-data":
        (file,) = await _form_files(request, FIELD)
    elif kind.startswith("image/") or kind == "application/octet-stream":
        file = await request.body()
    else:
        raise Problem(
            415,
            f"The Content-Type is {kind[:80]!r}; expected image/png, image/jpeg or another picture format, or "
            f"multipart/form-data with the field {FIELD!r}.",
        )
    if not file:
        raise Problem(422, "The body is empty; send the bytes of a picture file.")
    return file


async def _form_files(request: Request, field: str) -> list[bytes]:
    try:
        form = await MemoryForm(request, max_files=MOST_FILES).parse()
    except MultiPartException as error:
        raise Problem(400, f"The form is invalid ({error.message.rstrip('.')}); send a complete form.") from None
    try:
        files = [each for each in form.getlist(field) if isinstance(each, UploadFile)]
        if not files or (field == FIELD and len(files) != 1):
            expected = "one" if field == FIELD else "one or more"
            raise Problem(422, f"The form has {len(files)} files named {field!r}; expected {expected}.")
        return [await file.read() for file in files]
    finally:
        await form.close()


async def receive_ink(request: Request, pool: ReadingPool) -> Array:
    """Receive a network's input: ``{"pixels": [784 integers]}`` as JSON, or a picture file of 28x28 pixels.

    Returns
    -------
    numpy.ndarray
        uint8 ``(28, 28)``, ink light on dark.
    """
    if media_type(request) == "application/json":
        return np.array(parse_json(Pixels, await request.body()).pixels, np.uint8).reshape(28, 28)
    _, ink = await pool.run("ink", await receive_picture(request))
    return np.frombuffer(ink, np.uint8).reshape(28, 28)


async def receive_digits(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Receive many pictures of 28x28 pixels: a body, and the options of the task that classifies them.

    The body is the bytes of the pixels, JSON with these bytes as base64, or a form with a file for each picture.
    """
    kind = media_type(request)
    if kind == "multipart/form-data":
        files = await _form_files(request, MANY)
        return b"".join(files), {"kind": "files", "sizes": [len(file) for file in files]}
    if kind not in ("application/json", "application/octet-stream"):
        raise Problem(
            415,
            f"The Content-Type is {kind[:80]!r}; expected application/octet-stream, application/json, or "
            f"multipart/form-data with files {MANY!r}.",
        )
    return await request.body(), {"kind": "json" if kind == "application/json" else "bytes", "sizes": []}
