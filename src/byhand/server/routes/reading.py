"""``/v1/read`` and ``/v1/see``: pictures of handwriting."""

from __future__ import annotations

import base64
import io
import time
from enum import StrEnum
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from PIL import Image

from byhand.hands import Array
from byhand.reading import ReadDigit
from byhand.server import problems, schemas
from byhand.server.numbers import json_answer
from byhand.server.routes import examples
from byhand.server.routes.bodies import PICTURE
from byhand.server.routes.hands import Hand, computing
from byhand.server.state import Lab, lab_of
from byhand.server.uploads import measured, picture_in

router = APIRouter(tags=["reading"])

LONGEST = 480
"""Pixels of the longer side of a stage's picture."""


class Flag(StrEnum):
    """A question's yes and no, spelt in one way."""

    true = "true"
    false = "false"


@router.post(
    "/v1/read",
    summary="Read the digits in a picture",
    response_model=schemas.Reading,
    responses=examples.shown(examples.READING) | problems.documented(400, 408, 413, 415, 422, 504),
    openapi_extra=PICTURE,
)
async def read(request: Request, single: Flag = Flag.false, explain: Flag = Flag.false) -> Response:
    """Find the digits of a photograph, a scan or a drawing, and read them.

    `single=true` says that the picture holds one digit and no more; `explain=true` adds a picture of every stage from
    the picture to the ink.
    """
    lab, kind = lab_of(request), request.headers.get("content-type", "")
    async with lab.uploads.body(request) as body:
        return await lab.work.do(lambda: json_answer(_read(lab, body, kind, single is Flag.true, explain is Flag.true)))


@router.post(
    "/v1/see",
    summary="See what every network makes of a drawing",
    response_model=schemas.Sight,
    response_model_exclude_unset=True,
    responses=examples.shown(examples.SIGHT) | problems.documented(400, 408, 413, 415, 422, 504),
    openapi_extra=PICTURE,
)
async def see(request: Request, hand: Hand = Hand.fast) -> Response:
    """Bring a drawing of one digit to 28x28 ink, and have every network read that."""
    lab, kind = lab_of(request), request.headers.get("content-type", "")
    computing(lab, hand)
    async with lab.uploads.body(request) as body:
        return await lab.work.do(lambda: json_answer(_see(lab, body, kind, hand.value)))


def _read(lab: Lab, body: bytes, kind: str, single: bool, explain: bool) -> dict[str, Any]:
    began = time.perf_counter()
    picture = measured(picture_in(body, kind), lab.settings.limits)
    reading = lab.reader().read(picture, single=single)
    for digit in reading.digits:
        lab.metrics.digits.labels(digit.value).inc()
    told: dict[str, Any] = {
        "text": reading.text,
        "size": [int(side) for side in reading.size],
        "digits": [_digit(digit) for digit in reading.digits],
    }
    if explain:
        told["stages"] = [_stage(name, values) for name, values in reading.stages.items()]
    return told | {"milliseconds": round(1000 * (time.perf_counter() - began), 3)}


def _see(lab: Lab, body: bytes, kind: str, hand: str) -> dict[str, Any]:
    reading = lab.reader().read(measured(picture_in(body, kind), lab.settings.limits), single=True)
    if not reading.digits:
        return {"found": False, "input": None, "reader": None, "networks": []}
    digit = reading.digits[0]
    seen = []
    for name in lab.shelf.offered:
        answer = lab.shelf.read(name, digit.ink, hand)
        seen.append(
            {
                "name": name,
                "value": answer.value,
                "probabilities": [round(float(p), 5) for p in answer.probabilities],
                "microseconds": round(answer.microseconds, 1),
            }
        )
    return {"found": True, "input": digit.ink.ravel().tolist(), "reader": _digit(digit), "networks": seen}


def _digit(digit: ReadDigit) -> dict[str, Any]:
    return {
        "value": int(digit.value),
        "box": [int(side) for side in digit.box],
        "confidence": round(float(digit.confidence), 5),
        "top": [{"value": int(value), "probability": round(float(p), 5)} for value, p in digit.top],
        "unsure": bool(digit.unsure),
        "line": int(digit.line),
        "ink": digit.ink.ravel().tolist(),
    }


def _stage(name: str, values: Array) -> dict[str, str]:
    """Show a stage: an array ``(H, W)`` or ``(H, W, 3)`` of bytes, truths, or shares from 0 to 1."""
    if values.dtype != np.uint8:
        values = (255 * np.clip(values.astype(np.float64), 0, 1)).astype(np.uint8)
    picture = Image.fromarray(values)
    if max(picture.size) > LONGEST:
        picture.thumbnail((LONGEST, LONGEST))
    file = io.BytesIO()
    picture.save(file, "PNG")
    shown = base64.b64encode(file.getvalue()).decode()
    return {"name": name, "text": name.replace("_", " "), "picture": f"data:image/png;base64,{shown}"}
