"""``/v1/read``, ``/v1/digits`` and ``/v1/see``: pictures of handwriting."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from byhand.server import schemas
from byhand.server.responses import documented, json_response
from byhand.server.runtime import Runtime, runtime_of
from byhand.server.schemas import Flag, Hand
from byhand.server.uploads import receive_digits, receive_picture

router = APIRouter(tags=["reading"])


@router.post(
    "/v1/read",
    operation_id="readPicture",
    summary="Read the digits in a picture",
    response_model=schemas.Reading,
    responses=documented(408, 413, 415, 422, 504),
    openapi_extra=schemas.PICTURE_BODY,
)
async def read(request: Request, single: Flag = "false", explain: Flag = "false") -> Response:
    """Find and read the digits of a photograph, a scan or a drawing.

    `single=true` declares that the picture holds one digit; `explain=true` adds a picture of every stage from the
    picture to the ink.
    """
    runtime = runtime_of(request)
    file = await receive_picture(request)
    content, body = await runtime.readers.run("read", file, single=single == "true", explain=explain == "true")
    return _read(runtime, content, body)


@router.post(
    "/v1/digits",
    operation_id="classifyDigits",
    summary="Classify many pictures of one digit each",
    response_model=schemas.Digits,
    responses=documented(408, 413, 415, 422, 504),
    openapi_extra=schemas.DIGITS_BODY,
)
async def digits(request: Request) -> Response:
    """Classify up to 1,000 pictures of 28x28 pixels, ink light on dark, centered as in MNIST; in their order."""
    runtime = runtime_of(request)
    body, options = await receive_digits(request)
    content, reply = await runtime.readers.run("classify", body, **options)
    return _read(runtime, content, reply)


@router.post(
    "/v1/see",
    operation_id="classifyDrawing",
    summary="Classify a drawing with every network",
    response_model=schemas.Sight,
    responses=documented(408, 413, 415, 422, 504),
    openapi_extra=schemas.PICTURE_BODY,
)
async def see(request: Request, hand: Hand = "fast") -> Response:
    """Convert a drawing of one digit to 28x28 ink, and classify that with every network."""
    runtime = runtime_of(request)
    runtime.registry.check_hand(hand)
    content, _ = await runtime.readers.run("find", await receive_picture(request))
    return await runtime.pool.run(lambda: json_response(_see(runtime, content["digit"], hand)))


def _read(runtime: Runtime, content: dict[str, Any], body: bytes) -> Response:
    for value in content["values"]:
        runtime.metrics.digits.labels(value).inc()
    return Response(body, media_type="application/json")


def _see(runtime: Runtime, digit: dict[str, Any] | None, hand: str) -> dict[str, Any]:
    if digit is None:
        return {"found": False, "input": None, "reader": None, "networks": []}
    ink = np.array(digit["ink"], np.uint8).reshape(28, 28)
    predictions = {name: runtime.registry.predict(name, ink, hand) for name in runtime.registry.models}
    return {
        "found": True,
        "input": digit["ink"],
        "reader": digit,
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
