"""The application: routes behind guards, and a document that tells all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from byhand import __version__
from byhand.server import problems, static
from byhand.server.config import Settings
from byhand.server.feeds import Watch
from byhand.server.guards import Guard
from byhand.server.routes import general, inside, reading, trainings
from byhand.server.state import Lab

ABOUT = """Handwritten digits, read by networks written by hand.

Send a picture to `/v1/read` and get the number that is written in it, with boxes and calibrated confidences. The other
paths look inside the networks. Pictures are never stored. Every bad answer is a problem as RFC 9457 describes it.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings
        What it allows; without them, what suits this machine alone.

    Raises
    ------
    ByhandError
        If a run that is to be offered cannot be loaded.
    """
    settings = settings or Settings()
    lab = Lab.opened(settings)

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        yield
        await lab.close()

    app = FastAPI(
        title="byhand",
        version=__version__,
        description=ABOUT,
        lifespan=living,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.lab = lab
    problems.install(app)
    for part in (general, reading, inside, trainings):
        app.include_router(part.router)
    static.install(app)
    # From the innermost outwards.
    app.add_middleware(Guard, settings=settings)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["ETag", "Retry-After", "X-Request-Id"],
        )
    app.add_middleware(Watch, metrics=lab.metrics, log=settings.log)
    app.openapi = lambda: _document(app, bool(settings.token))  # type: ignore[method-assign]
    return app


def _document(app: FastAPI, guarded: bool) -> dict[str, Any]:
    """Make the OpenAPI document, once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        parts = made.setdefault("components", {})
        _without_other_problems(made, parts["schemas"])
        parts["schemas"]["Problem"] = problems.SCHEMA
        if guarded:
            parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            made["security"] = [{"token": []}]
        app.openapi_schema = made
    return app.openapi_schema


def _without_other_problems(made: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Take out what FastAPI would answer to bad parameters; here they get the answer that every problem gets."""
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in made["paths"].values():
        for operation in operations.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
