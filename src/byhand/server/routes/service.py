"""``/healthz`` and ``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from byhand.server import schemas
from byhand.server.responses import documented, json_response
from byhand.server.runtime import runtime_of

router = APIRouter(tags=["service"])


@router.get("/healthz", summary="Is the service up?", response_model=schemas.Health, responses=documented())
async def healthz() -> Response:
    """Answer; no token is required."""
    return json_response({"status": "ok"})


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "In Prometheus's text format."},
        **documented(),
    },
)
async def metrics(request: Request) -> Response:
    """Give the counters of the service with all its workers since it started."""
    text, media_type = runtime_of(request).metrics.exposed()
    return Response(text, media_type=media_type)
