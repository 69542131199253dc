"""What goes wrong, told to programs as RFC 9457 has it, in ``application/problem+json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from byhand.errors import ByhandError

JSON = "application/problem+json"

WHY = {
    400: "The body is not what its Content-Type says.",
    401: "The service asks for a token (`Authorization: Bearer ...`), and none or another was shown.",
    403: "A page of another origin asked, or the service does not allow this.",
    404: "There is no such thing here.",
    405: "The method is not one of those this path knows.",
    408: "The body took too long to arrive.",
    409: "A training is in progress already.",
    413: "The body has too many bytes, or the picture too many pixels.",
    415: "The body is of a kind that is not read here.",
    421: "The service was called by a name that is not its own.",
    422: "The body or a parameter was read and cannot be used.",
    429: "The service is busy; ask again after the seconds that Retry-After names.",
    500: "A mistake of ours; the log tells more under this answer's X-Request-Id.",
    503: "The service is ending.",
    504: "The answer was not there in time.",
}
"""Every bad answer there is, and what it means."""

ALWAYS = (401, 403, 421, 429, 500, 503)
"""What any path may answer."""

SCHEMA = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank", "description": "The status says it all."},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "enum": sorted(WHY)},
        "detail": {"type": "string", "description": "One sentence: what was found, what was expected, what to do."},
    },
}


class Problem(HTTPException):
    """An answer that is no good: raised anywhere in a request, sent as `answer` makes it."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)


def busy(detail: str, seconds: int = 1) -> Problem:
    """Make the problem of a service that has enough to do."""
    return Problem(429, detail, {"Retry-After": str(seconds)})


def answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Make the answer that tells a problem."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(told, ensure_ascii=False), status, headers, media_type=JSON)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the bad answers of a path, those that any may give among them, for the OpenAPI document."""
    return {status: _described(status) for status in sorted({*statuses, *ALWAYS})}


def _described(status: int) -> dict[str, Any]:
    example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": WHY[status]}
    described: dict[str, Any] = {
        "description": WHY[status],
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
    if status == 429:
        described["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}, "required": True}
        }
    return described


def install(app: FastAPI) -> None:
    """Have an application tell its problems so."""

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, problem: HTTPException) -> Response:
        detail = problem.detail
        if not isinstance(problem, Problem):
            detail = _usual(request, problem.status_code) or str(detail)
        return answer(problem.status_code, detail, problem.headers)

    @app.exception_handler(RequestValidationError)
    async def of_parameters(request: Request, problem: RequestValidationError) -> Response:
        return answer(422, sentence(problem.errors()))

    @app.exception_handler(ByhandError)
    async def of_ours(request: Request, problem: ByhandError) -> Response:
        return answer(422, str(problem))


def sentence(errors: Iterable[Mapping[str, Any]]) -> str:
    """Tell what pydantic found first, in a sentence."""
    first = next(iter(errors))
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    said = str(first["msg"])
    return f"{where or 'The body'}: {said[:1].lower()}{said[1:]}; the OpenAPI document (/openapi.json) says what fits."


def _usual(request: Request, status: int) -> str:
    if status == 404:
        return f"There is nothing at {request.url.path}; /openapi.json lists what there is."
    if status == 405:
        return f"{request.url.path} does not take {request.method}; the header Allow lists what it takes."
    return ""
