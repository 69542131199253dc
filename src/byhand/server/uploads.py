"""Pictures and pixels from request bodies; they are held in memory and never written to disk."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

import numpy as np
from fastapi import Request
from PIL import Image
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from byhand.hands import Array
from byhand.reading.picture import FORMATS, open_picture
from byhand.server.config import Limits
from byhand.server.responses import Problem, validation_message
from byhand.server.schemas import Pixels

FIELD = "picture"
Model = TypeVar("Model", bound=BaseModel)


def media_type(request: Request) -> str:
    """Return the Content-Type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() or "application/octet-stream"


class MemoryForm(MultiPartParser):
    """Starlette's form parser, without temporary files (`BodyLimits` bounds the memory), for complete forms only."""

    spool_max_size = 0
    complete = False

    def __init__(self, request: Request) -> None:
        super().__init__(request.headers, self._to_the_end(request.stream()))

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
        file = await _form_file(request)
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


async def _form_file(request: Request) -> bytes:
    try:
        form = await MemoryForm(request).parse()
    except MultiPartException as error:
        raise Problem(400, f"The form is invalid ({error.message.rstrip('.')}); send a complete form.") from None
    try:
        files = [each for each in form.getlist(FIELD) if isinstance(each, UploadFile)]
        if len(files) != 1:
            raise Problem(422, f"The form has {len(files)} files named {FIELD!r}; expected one.")
        return await files[0].read()
    finally:
        await form.close()


def check_pixels(file: bytes, limits: Limits) -> bytes:
    """Return a picture file unless its header declares too many pixels; nothing is decoded for that.

    Raises a `Problem` (413) if there are too many. A file that is no picture passes: reading it raises the error.
    """
    try:
        with Image.open(io.BytesIO(file), formats=FORMATS) as picture:
            width, height = picture.size
    except Image.DecompressionBombError:
        raise Problem(413, f"The picture has more than {limits.pixels:,} pixels; send a smaller one.") from None
    except Exception:  # Pillow's errors on damaged files have no common class.
        return file
    if width * height > limits.pixels:
        raise Problem(
            413,
            f"The picture has {width:,} x {height:,} pixels, expected at most {limits.pixels:,}; send a smaller one.",
        )
    return file


async def receive_ink(request: Request, limits: Limits) -> Callable[[], Array]:
    """Receive a network's input: ``{"pixels": [784 integers]}`` as JSON, or a picture file of 28x28 pixels.

    Returns
    -------
    callable
        Decodes it to uint8 ``(28, 28)``, ink light on dark, in any thread; raises `Problem` or `ByhandError`.
    """
    if media_type(request) == "application/json":
        body = await request.body()
        return lambda: np.array(parse_json(Pixels, body).pixels, np.uint8).reshape(28, 28)
    file = await receive_picture(request)
    return lambda: _small_picture(check_pixels(file, limits))


def _small_picture(file: bytes) -> Array:
    picture = open_picture(file)
    if picture.size != (28, 28):
        width, height = picture.size
        raise Problem(
            422, f"The picture has {width} x {height} pixels, expected 28 x 28; /v1/see and /v1/read find the digit."
        )
    return np.asarray(Image.fromarray(picture.pixels).convert("L"))


def parse_json(model: type[Model], body: bytes) -> Model:
    """Parse and validate JSON; raises a `Problem`: 400 if it is not JSON, 422 if it is invalid."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        errors = error.errors()
        if errors[0]["type"] == "json_invalid":
            raise Problem(400, "The body is not valid JSON, as its Content-Type announces.") from None
        raise Problem(422, validation_message(errors)) from None
