"""ASGI middleware: access checks, limits on request bodies, and the request log with its security headers."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from byhand.server.config import Limits, ServerConfig
from byhand.server.metrics import Metrics
from byhand.server.responses import MEANINGS, Problem, busy, problem_response

POLICY = "; ".join(
    [
        "default-src 'self'",
        # Drawings, dropped pictures and the stages of a reading are shown from memory.
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
TOKEN_PATHS = ("/v1/", "/metrics")
"""Paths that require the token; the page does not, because the token is entered there."""
DRAIN_SECONDS, DRAIN_BYTES = 2.0, 50_000_000
"""Most time and bytes for which a body over the limit is received and dropped before the response is sent."""


class AccessGuard:
    """Refuses requests by Host header, origin and token, before anything else is looked at."""

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self.app = app
        self.config = config
        self._token = config.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or reply to it."""
        if scope["type"] == "http" and (problem := self._check(scope)) is not None:
            await problem_response(problem.status_code, problem.detail, problem.headers)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        host, hosts = headers.get("host", ""), self.config.hosts
        name = _split(f"//{host}")[1]
        if hosts and name not in hosts:
            return Problem(
                421, f"The host {name[:80]!r} is not one of {', '.join(hosts)}; start the service with --allow-host."
            )
        origin = headers.get("origin")
        if (
            origin is not None
            and scope["method"] not in SAFE_METHODS
            and origin not in self.config.origins
            and _split(origin)[0] != host.lower()
        ):
            return Problem(403, "The request comes from a page of another origin; start the service with --cors.")
        if self._token and scope["path"].startswith(TOKEN_PATHS) and not self._authorized(headers):
            return Problem(
                401,
                "The service requires its token; send it as `Authorization: Bearer TOKEN`.",
                {"WWW-Authenticate": 'Bearer realm="byhand"'},
            )
        return None

    def _authorized(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        # Compared in constant time. Header bytes are decoded as latin-1.
        right = hmac.compare_digest(token.strip().encode("latin-1"), self._token)
        return right and scheme.lower() == "bearer"


def _split(url: str) -> tuple[str, str]:
    """Return the host of a URL with and without its port; both empty if there is none."""
    try:
        parts = urlsplit(url)
        return parts.netloc.lower(), parts.hostname or ""
    except ValueError:
        return "", ""


class BodyLimits:
    """Limits the size of a request's body, the time it takes to arrive, and the bytes of all bodies held at once."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; reading its body raises a `Problem` once a limit is exceeded."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        size, complete, deadline = 0, False, 0.0
        limits = self.limits

        async def receive_limited() -> Message:
            nonlocal size, complete, deadline
            if complete:
                return await receive()
            if not deadline:
                deadline = asyncio.get_running_loop().time() + limits.arrival
                if _declared_length(scope) > limits.body:
                    raise await self._too_long(receive)
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                detail = f"The body had not arrived after {limits.arrival:g} seconds; send it faster, or less of it."
                raise Problem(408, detail, {"Connection": "close"}) from None
            if message["type"] == "http.disconnect":
                raise Problem(400, "The connection ended before the body was complete; send all of it.")
            complete = not message.get("more_body", False)
            size += len(message.get("body", b""))
            self._held += len(message.get("body", b""))
            if size > limits.body:
                raise await self._too_long(None if complete else receive)
            if self._held > limits.bodies:
                raise busy("Too many pictures are being received at once; retry in a second.")
            return message

        try:
            await self.app(scope, receive_limited, send)
        finally:
            self._held -= size

    async def _too_long(self, receive: Receive | None) -> Problem:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                dropped = 0
                while receive is not None and dropped <= DRAIN_BYTES:
                    message = await receive()
                    dropped += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        break
        detail = f"The body has more than {self.limits.body:,} bytes; send a smaller picture."
        return Problem(413, detail, {"Connection": "close"})


def _declared_length(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    # Python refuses to convert thousands of digits; twenty are over any limit.
    return int(length[:20]) if length.isascii() and length.isdigit() else 0


class RequestLog:
    """The outermost layer: logs and counts requests, adds headers to responses, and turns exceptions into 500."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, start = secrets.token_hex(8), time.perf_counter()
        status = received = sent = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS | {"X-Request-Id": request_id})
                headers.setdefault("Cache-Control", "no-store")
            else:
                sent += len(message.get("body", b""))
            await send(message)

        self.metrics.in_progress.inc()
        try:
            await self.app(scope, receive_counted, send_with_headers)
        except Exception:
            log_line({"request": request_id, "error": traceback.format_exc()})
            if status:
                raise
            response = problem_response(500, f"{MEANINGS[500][:-1]} ({request_id}).")
            await response(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - start
            self.metrics.in_progress.dec()
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            self.metrics.received.inc(received)
            if self.log:
                client = scope.get("client")
                line = {
                    "request": request_id,
                    "client": client[0] if client else None,
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "milliseconds": round(1000 * seconds, 2),
                    "received": received,
                    "sent": sent,
                }
                log_line(line)


def log_line(entry: dict[str, Any]) -> None:
    """Write a line of JSON to stderr."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    # The reader of the log may be gone; requests are answered all the same.
    with contextlib.suppress(OSError):
        sys.stderr.write(json.dumps({"time": now} | entry) + "\n")
        sys.stderr.flush()


class JsonLogHandler(logging.Handler):
    """Writes the log records of uvicorn and other libraries as lines of JSON."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        entry = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            entry["error"] = "".join(traceback.format_exception(*record.exc_info))
        log_line(entry)
