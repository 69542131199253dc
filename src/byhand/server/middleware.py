"""ASGI middleware: limits on request bodies, and the request log with its security headers."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
import traceback

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from byhand.server.config import Limits
from byhand.server.log import log_line
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
ENCODED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
DRAIN_SECONDS, DRAIN_BYTES = 2.0, 50_000_000
"""Most time and bytes for which a body over the limit is received and dropped before the response is sent."""


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
        encoded_id = request_id.encode()
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
                headers = message["headers"] = [*message.get("headers", ()), *ENCODED, (b"x-request-id", encoded_id)]
                if all(name != b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
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
