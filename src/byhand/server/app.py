"""The application: routes, middleware, the page's files, and the OpenAPI document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from byhand import __version__
from byhand.server import schemas
from byhand.server.access import AccessGuard
from byhand.server.config import ServerConfig
from byhand.server.middleware import BodyLimits, RequestLog
from byhand.server.responses import (
    HEADERS,
    PROBLEM_SCHEMA,
    cacheable,
    documented,
    etag,
    headers_of,
    install_error_handlers,
    json_response,
)
from byhand.server.routes import networks, reading, trainings
from byhand.server.runtime import Runtime, runtime_of

DESCRIPTION = """Handwritten digits, read by networks written by hand.

Send a picture to `/v1/read` and get the number in it, with boxes and calibrated confidences. The other paths return
the activations and gradients of the networks. Pictures are never stored. Errors are problems as described in RFC 9457.
"""
PAGE_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""Media types of the page's files, the same on every system."""
COMPRESSED, COMPRESSION = 50_000, 3
"""Bytes of the smallest response that is compressed, and how hard."""

service = APIRouter(tags=["service"])


@service.get(
    "/healthz",
    operation_id="getHealth",
    summary="Is the service up?",
    response_model=schemas.Health,
    responses=documented(),
)
async def healthz() -> Response:
    """Report that the service is up; needs no token."""
    return json_response({"status": "ok"})


@service.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "In Prometheus's text format."},
        **documented(),
    },
)
async def metrics(request: Request) -> Response:
    """Return the counters of the service since it started."""
    text, media_type = runtime_of(request).metrics.exposed()
    return Response(text, media_type=media_type)


def create_app(config: ServerConfig | None = None) -> FastAPI:
    """Create the application.

    Parameters
    ----------
    config
        Configuration; by default, the service is reachable from this machine only.

    Raises
    ------
    ByhandError
        If a run to be served cannot be loaded.
    """
    config = config or ServerConfig()
    runtime = Runtime(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime.readers.start()
        yield
        await runtime.close()

    app = FastAPI(
        title="byhand",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    install_error_handlers(app)
    for router in (service, reading.router, networks.router, trainings.router):
        app.include_router(router)
    _add_page(app)
    # Innermost first.
    app.add_middleware(BodyLimits, limits=config.limits)
    app.add_middleware(AccessGuard, config=config)
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED, compresslevel=COMPRESSION)
    if config.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(config.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["ETag", "Location", "Retry-After", "X-Request-Id"],
        )
    app.add_middleware(RequestLog, metrics=runtime.metrics, log=config.log)
    app.openapi = lambda: _openapi(app, bool(config.token))  # type: ignore[method-assign]
    return app


def _add_page(app: FastAPI) -> None:
    """Add a route for each file of the page, so that no path is ever made from a request."""
    folder = Path(str(resources.files("byhand") / "web"))
    for path in sorted(folder.rglob("*")):
        if path.suffix in PAGE_TYPES:
            route = f"/{path.relative_to(folder).as_posix()}"
            app.add_api_route(route, _file_endpoint(path), methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/", _file_endpoint(folder / "index.html"), methods=["GET", "HEAD"], include_in_schema=False)


def _file_endpoint(path: Path) -> Callable[[Request], Awaitable[Response]]:
    # Read and hashed once, and not while others wait.
    content, media_type = path.read_bytes(), PAGE_TYPES[path.suffix]
    tag = etag(content)

    async def file(request: Request) -> Response:
        return cacheable(request, Response(content, media_type=media_type), tag)

    return file


def _openapi(app: FastAPI, token: bool) -> dict[str, Any]:
    """Create the OpenAPI document, once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = document["components"]
        components["schemas"]["Problem"] = PROBLEM_SCHEMA
        components["headers"] = HEADERS
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    response["headers"] = response.get("headers", {}) | headers_of(status, operation["responses"])
        if token:
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"token": []}]
        app.openapi_schema = document
    return app.openapi_schema
