"""The HTTP protocol: uvicorn's, with limits on how many connections there are and on how slow they may be.

A reverse proxy such as nginx has these limits as well; the service has them because it is often used without one.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from byhand.server.config import Limits
from byhand.server.log import log_line
from byhand.server.metrics import Metrics
from byhand.server.middleware import SECURITY_HEADERS
from byhand.server.responses import MEANINGS, PROBLEM_TYPE, problem


class LimitedProtocol(H11Protocol):
    """One connection. `protocol_for` sets the attributes of the class."""

    limits: Limits
    metrics: Metrics
    log: bool
    idle: OrderedDict[LimitedProtocol, None]
    """The connections without a request in progress, idle for longest first."""
    _headers_timer: Any = None
    _write_timer: Any = None

    def connection_made(self, transport: Any) -> None:
        """Accept a connection; if there are too many, close the one that has been idle for longest, or refuse it."""
        # Any byte that the system does not take is waited for, and so has a time limit.
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)
        self.metrics.connections.set(len(self.connections))
        if len(self.connections) > self.limits.connections:
            if not self.idle:
                self.metrics.dropped.labels("refused").inc()
                self._respond(503, "The service has too many connections; retry in a second.", {"Retry-After": "1"})
                return
            oldest = next(iter(self.idle))
            del self.idle[oldest]
            self.metrics.dropped.labels("evicted").inc()
            oldest.transport.abort()
            # The system tells it later that it is lost; until then it must not be counted.
            self.connections.discard(oldest)
        self._update()

    def data_received(self, data: bytes) -> None:
        """Receive bytes; those after the headers do not extend the time for the headers."""
        super().data_received(data)
        self._update()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._update()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        self.idle.pop(self, None)
        for timer in (self._headers_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self.metrics.connections.set(len(self.connections))

    def pause_writing(self) -> None:
        """Start the time for the client to take the response."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.limits.arrival, self._unread)

    def resume_writing(self) -> None:
        """Stop that time: everything has been taken."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, inside uvicorn's handler of h11's exception."""
        error = sys.exception()
        status = 431 if getattr(error, "error_status_hint", 400) == 431 else 400
        detail = MEANINGS[431] if status == 431 else f"The request is not valid HTTP ({error})."
        if self.cycle is not None and not self.cycle.response_complete:
            # Its response can no longer be told from this one.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.close()
                return
        self._respond(status, detail)

    def _respond(self, status: int, detail: str, extra: Mapping[str, str] | None = None) -> None:
        """Send a problem without the application, and close the connection."""
        request_id = secrets.token_hex(8)
        body = json.dumps(problem(status, detail)).encode()
        headers = {
            **SECURITY_HEADERS,
            **(extra or {}),
            "Cache-Control": "no-store",
            "Connection": "close",
            "Content-Length": str(len(body)),
            "Content-Type": PROBLEM_TYPE,
            "X-Request-Id": request_id,
        }
        head = h11.Response(status_code=status, headers=list(headers.items()), reason=HTTPStatus(status).phrase)
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()
        self.metrics.requests.labels("other", "none", status).inc()
        if self.log and status != 503:
            client = self.client[0] if self.client else None
            log_line({"request": request_id, "client": client, "status": status, "detail": detail})

    def _update(self) -> None:
        """Keep the list of idle connections and the time for headers."""
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.idle.pop(self, None)
            if self._headers_timer is not None:
                self._headers_timer.cancel()
                self._headers_timer = None
        elif self._headers_timer is None:
            self.idle[self] = None
            self._headers_timer = self.loop.call_later(self.limits.arrival, self._silent)

    def _silent(self) -> None:
        self._headers_timer = None
        if not self.transport.is_closing():
            self.metrics.dropped.labels("silent").inc()
            self.transport.close()

    def _unread(self) -> None:
        self._write_timer = None
        self.metrics.dropped.labels("unread").inc()
        self.transport.abort()


def protocol_for(limits: Limits, metrics: Metrics, *, log: bool) -> type[LimitedProtocol]:
    """Return the protocol of one service."""
    attributes = {"limits": limits, "metrics": metrics, "log": log, "idle": OrderedDict()}
    return type("ServiceProtocol", (LimitedProtocol,), attributes)
