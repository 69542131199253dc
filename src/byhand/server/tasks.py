"""What reading processes do: every task gets bytes from a request, and gives a JSON object and bytes."""

from __future__ import annotations

import base64
import functools
import io
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from byhand.data.digits import CLASSES
from byhand.errors import ByhandError
from byhand.hands import Array
from byhand.reading import ReadDigit, Reader
from byhand.reading.picture import FORMATS, open_picture
from byhand.server.config import Limits
from byhand.server.responses import Problem, parse_json, too_large
from byhand.server.schemas import DigitPictures

Reply = tuple[dict[str, Any], bytes]
STAGE_SIDE = 480
"""Pixels of the longer side of a stage's picture, at most."""
PIXELS = 28 * 28


@functools.cache
def reader() -> Reader:
    """Return the reader of this process."""
    return Reader()


def read(file: bytes, limits: Limits, *, single: bool, explain: bool) -> Reply:
    """Read the digits in a picture: their values, and the response's JSON."""
    start = time.perf_counter()
    reading = reader().read(check_pixels(file, limits), single=single)
    content = reading.to_dict() | {"digits": [_digit(digit) for digit in reading.digits]}
    if explain:
        content["stages"] = [_stage(name, values) for name, values in reading.stages.items()]
    content["milliseconds"] = round(1000 * (time.perf_counter() - start), 3)
    return {"values": [digit.value for digit in reading.digits]}, _json(content)


def find(file: bytes, limits: Limits) -> Reply:
    """Find the digit in a drawing; nothing if there is none."""
    digits = reader().read(check_pixels(file, limits), single=True).digits
    return {"digit": _digit(digits[0]) if digits else None}, b""


def ink(file: bytes, limits: Limits) -> Reply:
    """Decode a picture of 28x28 pixels."""
    return {}, _small_picture(file, limits, "The picture").tobytes()


def classify(body: bytes, limits: Limits, *, kind: str, sizes: list[int]) -> Reply:
    """Classify pictures of 28x28 pixels: ``bytes`` of pixels, base64 in ``json``, or ``files`` of these sizes."""
    start = time.perf_counter()
    images = _many(body, limits, kind, sizes)
    probabilities = reader().probabilities(images)
    order = np.argsort(-probabilities[:, :CLASSES], axis=1, kind="stable")[:, :3].tolist()
    rounded = np.round(probabilities, 4).tolist()
    # What is probably no digit needs review, however sure its value is among digits.
    confidences = probabilities[:, :CLASSES].max(axis=1)
    unsure = (confidences < reader().threshold) | (probabilities.argmax(axis=1) == CLASSES)
    digits = [
        {
            "value": best[0],
            "confidence": row[best[0]],
            "top": [{"value": value, "probability": row[value]} for value in best],
            "unsure": doubt,
        }
        for best, row, doubt in zip(order, rounded, unsure.tolist(), strict=True)
    ]
    content = {"digits": digits, "milliseconds": round(1000 * (time.perf_counter() - start), 3)}
    return {"values": [best[0] for best in order]}, _json(content)


TASKS: dict[str, Callable[..., Reply]] = {"read": read, "find": find, "ink": ink, "classify": classify}


def check_pixels(file: bytes, limits: Limits, where: str = "The picture") -> bytes:
    """Return a picture file unless its header declares too many pixels; nothing is decoded for that.

    Raises a `Problem` (413) if there are too many. A file that is no picture passes: reading it raises the error.
    """
    try:
        with Image.open(io.BytesIO(file), formats=FORMATS) as picture:
            width, height = picture.size
    except Image.DecompressionBombError:
        raise too_large(f"{where} has more than {limits.pixels:,} pixels") from None
    except Exception:  # Pillow's errors on damaged files have no common class.
        return file
    if width * height > limits.pixels:
        raise too_large(f"{where} has {width:,} x {height:,} pixels, expected at most {limits.pixels:,}")
    return file


def _many(body: bytes, limits: Limits, kind: str, sizes: list[int]) -> Array:
    """Decode the pictures of a request: uint8 ``(N, 28, 28)``."""
    if kind == "json":
        given = parse_json(DigitPictures, body).images
        try:
            body = base64.b64decode(given, validate=True)
        except ValueError:
            raise Problem(422, "images: the text is not base64; encode the bytes of the pixels.") from None
    if kind == "files":
        _check_count(len(sizes), limits)
        ends = np.cumsum(sizes)
        images = [
            _small_picture(body[end - size : end], limits, f"Picture {number}")
            for number, (end, size) in enumerate(zip(ends.tolist(), sizes, strict=True), start=1)
        ]
        return np.stack(images)
    if not body or len(body) % PIXELS:
        raise Problem(
            422,
            f"There are {len(body):,} bytes of pixels; expected {PIXELS} for each picture, row by row, one or more.",
        )
    _check_count(len(body) // PIXELS, limits)
    return np.frombuffer(body, np.uint8).reshape(-1, 28, 28)


def _check_count(count: int, limits: Limits) -> None:
    if count > limits.batch:
        raise Problem(413, f"There are {count:,} pictures, expected at most {limits.batch:,}; send them in parts.")


def _small_picture(file: bytes, limits: Limits, where: str) -> Array:
    try:
        picture = open_picture(check_pixels(file, limits, where))
    except ByhandError as error:
        # It says "The picture", which of many does not.
        raise ByhandError(str(error).replace("The picture", where, 1), code=error.code) from None
    if picture.size != (28, 28):
        width, height = picture.size
        raise Problem(
            422, f"{where} has {width} x {height} pixels, expected 28 x 28; /v1/see and /v1/read find the digit."
        )
    return np.asarray(Image.fromarray(picture.pixels).convert("L"))


def _digit(digit: ReadDigit) -> dict[str, Any]:
    return digit.to_dict() | {"ink": digit.ink.ravel().tolist()}


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def _stage(name: str, values: Array) -> dict[str, str]:
    """Encode a stage, an array ``(H, W)`` or ``(H, W, 3)`` of bytes, booleans or numbers from 0 to 1, as PNG."""
    if values.dtype != np.uint8:
        values = (255 * np.clip(values.astype(np.float32), 0, 1)).astype(np.uint8)
    picture = Image.fromarray(values)
    picture.thumbnail((STAGE_SIDE, STAGE_SIDE))
    file = io.BytesIO()
    picture.save(file, "PNG")
    encoded = base64.b64encode(file.getvalue()).decode()
    return {"name": name, "text": name.replace("_", " "), "picture": f"data:image/png;base64,{encoded}"}
