"""Responses: JSON, with ETags where they may be cached, and errors as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from byhand.errors import ByhandError

Model = TypeVar("Model", bound=BaseModel)
PROBLEM_TYPE = "application/problem+json"

MEANINGS = {
    400: "The request is malformed, or its body does not match its Content-Type.",
    401: "The service requires a token (`Authorization: Bearer ...`), and none or a wrong one was sent.",
    403: "A page of another origin sent the request, or the service does not allow the action.",
    404: "Not found.",
    405: "The path does not support the method.",
    408: "The body took too long to arrive.",
    409: "A training is already running, or too many are kept.",
    413: "The body has too many bytes, or the picture too many pixels.",
    415: "The Content-Type is not supported.",
    421: "The Host header is not a name of the service.",
    422: "The body or a parameter is invalid.",
    429: "The service is busy; retry after the seconds in Retry-After.",
    431: "The request line and headers have too many bytes.",
    500: "Internal error; the server log has more under this response's X-Request-Id.",
    503: "The service is shutting down, or has too many connections.",
    504: "Computing the response took too long.",
    507: "The disk has too little space for a training.",
}
"""Every error status of the service."""

ALWAYS = (400, 401, 403, 421, 429, 431, 500, 503)
"""Statuses that any path may return."""

PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "An error (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank", "description": "The status is the type."},
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer", "enum": sorted(MEANINGS)},
        "detail": {"type": "string", "description": "One sentence: what was found, what was expected, what to do."},
        "code": {
            "type": "string",
            "pattern": r"^\w+(\.\w+)*$",
            "description": "A stable name of an error of byhand itself, such as `picture.unreadable`; other errors "
            "have none.",
        },
    },
}

_STRING, _INTEGER = {"type": "string"}, {"type": "integer"}
HEADERS: dict[str, Any] = {
    "RequestId": {"description": "The request in the log.", "schema": _STRING, "required": True},
    "ETag": {"description": "The version of the content, for If-None-Match.", "schema": _STRING, "required": True},
    "RetryAfter": {"description": "Seconds to wait.", "schema": _INTEGER, "required": True},
    "Authenticate": {"description": "How to send the token.", "schema": _STRING, "required": True},
    "Location": {"description": "The path of the training.", "schema": _STRING, "required": True},
}
"""Headers of responses, for the OpenAPI document."""


def headers_of(status: str, responses: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the headers of a response to an operation with these responses."""
    found = {"X-Request-Id": "RequestId"}
    if status == "304" or (status == "200" and "304" in responses):
        found["ETag"] = "ETag"
    more = {"429": ("Retry-After", "RetryAfter"), "401": ("WWW-Authenticate", "Authenticate"), "201": ("Location",) * 2}
    if status in more:
        found |= dict([more[status]])
    return {header: {"$ref": f"#/components/headers/{name}"} for header, name in found.items()}


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The client's copy is current (If-None-Match)."}}


class Problem(HTTPException):
    """An error response; raise it anywhere in a request."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, code: str | None = None
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code


def too_large(what: str) -> Problem:
    """Create the problem of a picture that is too large, as `what` says."""
    return Problem(413, f"{what}; send a smaller one.", code="picture.too_large")


def busy(detail: str) -> Problem:
    """Create the problem of a service that has too much to do."""
    return Problem(429, detail, {"Retry-After": "1"})


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, code: str | None = None
) -> Response:
    """Create an error response."""
    content = problem(status, detail) | ({} if code is None else {"code": code})
    return Response(json.dumps(content, ensure_ascii=False), status, headers, media_type=PROBLEM_TYPE)


def problem(status: int, detail: str) -> dict[str, Any]:
    """Create the content of an error response."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Create a JSON response."""
    body = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Response(body, status, headers, media_type="application/json")


def etag(content: bytes) -> str:
    """Return the ETag of a content; weak, because it is the same when the response is compressed."""
    return f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def cacheable(request: Request, response: Response, tag: str | None = None) -> Response:
    """Add an ETag to a response, or replace it by 304 for a client that has it."""
    tag = tag or etag(bytes(response.body))
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or tag.removeprefix("W/") in known or known == ["*"]:
        response = Response(status_code=304)
    response.headers.update({"ETag": tag, "Cache-Control": "no-cache"})
    return response


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe a path's error responses, including those of any path, for the OpenAPI document."""
    described: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*statuses, *ALWAYS}):
        content = {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": problem(status, MEANINGS[status]),
        }
        described[status] = {"description": MEANINGS[status], "content": {PROBLEM_TYPE: content}}
    return described


def validation_message(errors: Iterable[Mapping[str, Any]]) -> str:
    """Describe the first of pydantic's errors in a sentence."""
    first = next(iter(errors))
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    message = str(first["msg"])
    return f"{where or 'The body'}: {message[:1].lower()}{message[1:]}; see /openapi.json for what is expected."


def parse_json(model: type[Model], body: bytes) -> Model:
    """Parse and validate JSON; raises a `Problem`: 400 if it is not JSON, 422 if it is invalid."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        errors = error.errors()
        if errors[0]["type"] == "json_invalid":
            raise Problem(400, "The body is not valid JSON, as its Content-Type announces.") from None
        raise Problem(422, validation_message(errors)) from None


def install_error_handlers(app: FastAPI) -> None:
    """Register handlers that reply to every error with a problem."""

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if not isinstance(error, Problem):
            path = request.url.path
            detail = {
                404: f"{path} was not found; /openapi.json lists all paths.",
                405: f"{path} does not support {request.method}; the Allow header lists what it supports.",
            }.get(error.status_code, detail)
        return problem_response(error.status_code, detail, error.headers, getattr(error, "code", None))

    @app.exception_handler(RequestValidationError)
    async def invalid_parameters(request: Request, error: RequestValidationError) -> Response:
        return problem_response(422, validation_message(error.errors()))

    @app.exception_handler(ByhandError)
    async def byhand_error(request: Request, error: ByhandError) -> Response:
        return problem_response(422, str(error), code=error.code)
