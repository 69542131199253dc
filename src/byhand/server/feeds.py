"""Around every request: its number, its place in log and metrics, the headers of its answer, and the net under it."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from byhand.server.metrics import Metrics
from byhand.server.problems import WHY, answer

POLICY = "; ".join(
    [
        "default-src 'self'",
        # What is drawn, dropped or explained is shown from memory.
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")


class Watch:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number, began = secrets.token_hex(8), time.perf_counter()
        seen: dict[str, int] = {"status": 0, "received": 0, "sent": 0}

        async def received() -> Message:
            message = await receive()
            seen["received"] += len(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["X-Request-Id"] = number
                headers.setdefault("Cache-Control", "no-store")
            else:
                seen["sent"] += len(message.get("body", b""))
            await send(message)

        self.metrics.in_progress.inc()
        try:
            await self.app(scope, received, sent)
        except Exception:
            tell({"request": number, "error": traceback.format_exc()})
            if seen["status"]:
                raise
            await answer(500, f"{WHY[500][:-1]} ({number}).")(scope, received, sent)
        finally:
            self.metrics.in_progress.dec()
            self._count(scope, seen, time.perf_counter() - began)
            if self.log:
                tell(_line(scope, number, seen, time.perf_counter() - began))

    def _count(self, scope: Scope, seen: dict[str, int], seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.requests.labels(method, route, seen["status"]).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        self.metrics.received.inc(seen["received"])


def _line(scope: Scope, number: str, seen: dict[str, int], seconds: float) -> dict[str, Any]:
    client = scope.get("client")
    return {
        "request": number,
        "client": client[0] if client else None,
        "method": scope["method"],
        "path": scope["path"],
        "status": seen["status"],
        "milliseconds": round(1000 * seconds, 2),
        "received": seen["received"],
        "sent": seen["sent"],
    }


def tell(entry: dict[str, Any]) -> None:
    """Write a line of JSON to stderr."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    # Whoever read the log may have gone; those who ask have not.
    with contextlib.suppress(OSError):
        sys.stderr.write(json.dumps({"time": now} | entry) + "\n")
        sys.stderr.flush()


class Lines(logging.Handler):
    """Brings what uvicorn logs of itself into the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        entry = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            entry["error"] = "".join(traceback.format_exception(*record.exc_info))
        tell(entry)
