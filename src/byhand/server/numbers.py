"""Arrays as JSON carries them: flat lists, with as many digits as anybody looks at."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from fastapi import Request, Response

from byhand.hands import Array

DIGITS = 4


def rounded(values: Array) -> list[float]:
    """Flatten, and round to four significant digits.

    Parameters
    ----------
    values
        Finite numbers of any shape.

    Returns
    -------
    list of float
        In C order.
    """
    flat = np.asarray(values, np.float64).ravel()
    size = np.abs(flat)
    # Below 1e-12 nothing shows, and powers of ten beyond 1e22 are no longer exact.
    power = np.floor(np.log10(np.where(size < 1e-12, 1.0, size)))
    shift = np.minimum(10.0 ** np.abs(DIGITS - 1 - power), 1e22)
    up = power <= DIGITS - 1
    near = np.where(up, np.rint(flat * np.where(up, shift, 1)) / shift, np.rint(flat / shift) * shift)
    # No minus before zero.
    shown: list[float] = (np.where(size < 1e-12, 0.0, near) + 0.0).tolist()
    return shown


def array(values: Array) -> dict[str, Any]:
    """Describe an array: its shape, its least and greatest value, and its values, flat."""
    return {
        "shape": list(values.shape),
        "low": float(f"{values.min():.4g}"),
        "high": float(f"{values.max():.4g}"),
        "values": rounded(values),
    }


def pictures(values: Array) -> dict[str, Any]:
    """Describe weights that are shown as pictures, as `array` does."""
    told = array(values)
    told["pictures"] = told.pop("values")
    return told


def json_answer(value: Any) -> Response:
    """Answer with JSON."""
    return Response(json.dumps(value, separators=(",", ":"), allow_nan=False), media_type="application/json")


def tagged(request: Request, body: bytes, media_type: str) -> Response:
    """Answer with what may be asked for again: with an ETag, and 304 to a client that has it."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def tagged_json(request: Request, value: Any) -> Response:
    """Answer with JSON that may be asked for again."""
    return tagged(request, json.dumps(value, separators=(",", ":"), allow_nan=False).encode(), "application/json")
