"""The page: its files, as they lie in ``page/``, under their own names and no others."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response

from byhand.server.numbers import tagged

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What is served, and as what; the same on every system."""


def install(app: FastAPI) -> None:
    """Give every file of the page a route, and the first one the root too.

    A request names one of these or nothing: no path is ever made from what a request says.
    """
    folder = Path(str(resources.files("byhand") / "web"))
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in KINDS:
            _serve(app, f"/{path.relative_to(folder).as_posix()}", path)
    _serve(app, "/", folder / "index.html")


def _serve(app: FastAPI, route: str, path: Path) -> None:
    async def file(request: Request) -> Response:
        return tagged(request, path.read_bytes(), KINDS[path.suffix])

    app.add_api_route(route, file, methods=["GET", "HEAD"], include_in_schema=False)
