"""Serving: a socket, one process or several, and an end that finishes what was begun."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors import Multiprocess

from byhand.errors import ByhandError
from byhand.server.config import LOOPBACK, Settings
from byhand.server.metrics import TOGETHER
from byhand.server.registry import Shelf
from byhand.server.service import create_app
from byhand.server.workers import QUEUE
from byhand.training.environment import set_threads

HANDED = "BYHAND_SERVICE"
"""The variable by which workers are handed their settings."""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"lines": {"class": "byhand.server.feeds.Lines"}},
    # What a library says of a broken form or picture would else be no JSON among lines of JSON.
    "loggers": {
        name: {"handlers": ["lines"], "level": "WARNING", "propagate": False}
        for name in ("uvicorn", "asyncio", "python_multipart", "PIL")
    },
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK


def listening(host: str, port: int) -> socket.socket:
    """Open the socket; port 0 takes any that is free.

    Raises
    ------
    ByhandError
        If the port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # On a socket that says it speaks TCP, asyncio sends small packets at once. On another an answer's body waits 40 ms
    # for the client to acknowledge its first lines.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # A port whose last owner has just ended is free; on Windows the option would take one that is not.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
    except (OSError, OverflowError) as problem:
        opened.close()
        why = getattr(problem, "strerror", None) or problem
        raise ByhandError(
            f"{host}, port {port}, cannot be listened on ({why}); choose another --port or --host."
        ) from problem
    opened.listen(QUEUE)
    opened.set_inheritable(True)
    return opened


def address(opened: socket.socket) -> str:
    """Give the address a browser opens."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class Punctual(H11Protocol):
    """HTTP as uvicorn speaks it, on which a request's first lines must arrive in time, too."""

    arrival = 30.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest of the first lines no longer than for all of them."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        self._stop()

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.arrival, self._late)

    def _late(self) -> None:
        self._deadline = None
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(uvicorn.Server):
    """A server that says when it is there."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started and self.ready is not None:
            threading.Thread(target=self.ready, daemon=True).start()


def serve(
    settings: Settings, opened: socket.socket, *, workers: int = 1, ready: Callable[[], None] | None = None
) -> None:
    """Serve until told to end by SIGINT or SIGTERM; what was begun is then finished first.

    Parameters
    ----------
    settings
        Of the service.
    opened
        The socket to listen on.
    workers
        Processes.
    ready
        Called in a thread of its own once requests are taken; of one process alone.
    """
    # Without this the signal, which uvicorn raises again when it is done, would end us before we have cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if workers == 1:
        Server(config(_application(settings), settings), ready).run([opened])
        return
    # What cannot be offered is found out here, where it can be told, and not by every worker.
    Shelf(settings.runs)
    with tempfile.TemporaryDirectory(prefix="byhand-metrics-") as counts:
        os.environ[TOGETHER] = counts
        os.environ[HANDED] = settings.to_json()
        Multiprocess(config("byhand.server.serving:worker", settings, workers), [opened]).run()


def config(app: FastAPI | str, settings: Settings, workers: int = 1) -> uvicorn.Config:
    """Tell uvicorn what we want of it."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        loop="byhand.server.workers:OneAtATime" if workers > 1 else "auto",
        # One way of speaking HTTP, whatever else is installed.
        http=type("Protocol", (Punctual,), {"arrival": settings.limits.arrival}) if workers == 1 else Punctual,
        ws="none",
        lifespan="on",
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=round(settings.limits.ending),
        # A worker that does not answer its parent for so long is replaced; less would be a busy machine's fault.
        timeout_worker_healthcheck=60,
    )


def worker() -> FastAPI:
    """Make the application of a worker process."""
    return _application(Settings.from_json(os.environ[HANDED]))


def _application(settings: Settings) -> FastAPI:
    """Make the application, and set up the process for it alone."""
    import cv2
    from PIL import Image

    # Every product and every filter uses one thread: requests are what is shared out.
    set_threads(1)
    cv2.setNumThreads(1)
    # Of sizes that are beyond our limit, which says so; and no warning belongs between lines of JSON.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    app = create_app(settings)
    # What is here now stays; looking through it again and again would stop every answer meanwhile.
    gc.collect()
    gc.freeze()
    return app
