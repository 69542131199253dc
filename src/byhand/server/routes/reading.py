"""``/v1/read`` and ``/v1/see``: pictures of handwriting."""

from __future__ import annotations

import base64
import io
import time
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from PIL import Image

from byhand.hands import Array
from byhand.reading import ReadDigit
from byhand.server import schemas
from byhand.server.responses import documented, json_response
from byhand.server.runtime import Runtime, runtime_of
from byhand.server.schemas import Flag, Hand
from byhand.server.uploads import check_pixels, receive_picture

router = APIRouter(tags=["reading"])

STAGE_SIDE = 480
"""Pixels of the longer side of a stage's picture, at most."""


@router.post(
    "/v1/read",
    summary="Read the digits in a picture",
    response_model=schemas.Reading,
    responses=documented(400, 408, 413, 415, 422, 504),
    openapi_extra=schemas.PICTURE_BODY,
)
async def read(request: Request, single: Flag = "false", explain: Flag = "false") -> Response:
    """Find and read the digits of a photograph, a scan or a drawing.

    `single=true` declares that the picture holds one digit; `explain=true` adds a picture of every stage from the
    picture to the ink.
    """
    runtime = runtime_of(request)
    file = await receive_picture(request)
    return await runtime.pool.run(lambda: json_response(_read(runtime, file, single == "true", explain == "true")))


@router.post(
    "/v1/see",
    summary="Classify a drawing with every network",
    response_model=schemas.Sight,
    responses=documented(400, 408, 413, 415, 422, 504),
    openapi_extra=schemas.PICTURE_BODY,
)
async def see(request: Request, hand: Hand = "fast") -> Response:
    """Convert a drawing of one digit to 28x28 ink, and classify that with every network."""
    runtime = runtime_of(request)
    runtime.registry.check_hand(hand)
    file = await receive_picture(request)
    return await runtime.pool.run(lambda: json_response(_see(runtime, file, hand)))


def _read(runtime: Runtime, file: bytes, single: bool, explain: bool) -> dict[str, Any]:
    start = time.perf_counter()
    reading = runtime.reader.read(check_pixels(file, runtime.config.limits), single=single)
    for digit in reading.digits:
        runtime.metrics.digits.labels(digit.value).inc()
    content = reading.to_dict() | {"digits": [_digit(digit) for digit in reading.digits]}
    if explain:
        content["stages"] = [_stage(name, values) for name, values in reading.stages.items()]
    return content | {"milliseconds": round(1000 * (time.perf_counter() - start), 3)}


def _see(runtime: Runtime, file: bytes, hand: str) -> dict[str, Any]:
    reading = runtime.reader.read(check_pixels(file, runtime.config.limits), single=True)
    if not reading.digits:
        return {"found": False, "input": None, "reader": None, "networks": []}
    digit = reading.digits[0]
    predictions = {name: runtime.registry.predict(name, digit.ink, hand) for name in runtime.registry.models}
    return {
        "found": True,
        "input": digit.ink.ravel().tolist(),
        "reader": _digit(digit),
        "networks": [
            {
                "name": name,
                "value": prediction.value,
                "probabilities": np.round(prediction.probabilities.astype(float), 5).tolist(),
                "microseconds": round(prediction.microseconds, 1),
            }
            for name, prediction in predictions.items()
        ],
    }


def _digit(digit: ReadDigit) -> dict[str, Any]:
    return digit.to_dict() | {"ink": digit.ink.ravel().tolist()}


def _stage(name: str, values: Array) -> dict[str, str]:
    """Encode a stage, an array ``(H, W)`` or ``(H, W, 3)`` of bytes, booleans or numbers from 0 to 1, as PNG."""
    if values.dtype != np.uint8:
        values = (255 * np.clip(values.astype(np.float64), 0, 1)).astype(np.uint8)
    picture = Image.fromarray(values)
    picture.thumbnail((STAGE_SIDE, STAGE_SIDE))
    file = io.BytesIO()
    picture.save(file, "PNG")
    encoded = base64.b64encode(file.getvalue()).decode()
    return {"name": name, "text": name.replace("_", " "), "picture": f"data:image/png;base64,{encoded}"}
