"""Serving: the socket, one process or several, and an orderly shutdown."""

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
from pydantic import TypeAdapter
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors import Multiprocess

from byhand.errors import ByhandError
from byhand.server.app import create_app
from byhand.server.config import LOOPBACK, ServerConfig
from byhand.server.metrics import SHARED_FOLDER
from byhand.server.registry import ModelRegistry
from byhand.training.environment import set_threads

CONFIG_VARIABLE = "BYHAND_SERVICE"
"""Environment variable with the configuration of worker processes."""
CONFIG = TypeAdapter(ServerConfig)
BACKLOG = 2048
"""Connections that the system queues until a worker accepts them."""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"lines": {"class": "byhand.server.middleware.JsonLogHandler"}},
    # Libraries log broken forms and pictures; those lines must be JSON, too.
    "loggers": {
        name: {"handlers": ["lines"], "level": "WARNING", "propagate": False}
        for name in ("uvicorn", "asyncio", "python_multipart", "PIL")
    },
}


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK


def open_socket(host: str, port: int) -> socket.socket:
    """Open the socket to listen on; port 0 chooses a free one.

    Raises
    ------
    ByhandError
        If the port is taken, or the host is not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol given, asyncio sets TCP_NODELAY; without it a response's body waits 40 ms for the client to
    # acknowledge the headers.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Allows a port whose last owner has just ended; on Windows the option would allow one in use.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
    except (OSError, OverflowError) as problem:
        opened.close()
        why = getattr(problem, "strerror", None) or problem
        raise ByhandError(
            f"Cannot listen on {host}, port {port} ({why}); choose another --port or --host.",
            code="server.cannot_listen",
        ) from problem
    opened.listen(BACKLOG)
    opened.set_inheritable(True)
    return opened


def url_of(opened: socket.socket) -> str:
    """Return the URL for a browser."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class HeaderTimeoutProtocol(H11Protocol):
    """uvicorn's HTTP protocol, with a time limit for the request line and headers."""

    seconds = 30.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._update_timer()

    def data_received(self, data: bytes) -> None:
        """Stop the timer once the headers are complete; more data does not extend it."""
        super().data_received(data)
        self._update_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        super().connection_lost(exc)
        self._stop_timer()

    def _update_timer(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self._timeout)

    def _timeout(self) -> None:
        self._timer = None
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class AcceptOneLoop(asyncio.SelectorEventLoop):
    """An event loop that accepts one connection at a time and leaves the others to the other workers.

    By default the worker that wakes first accepts every waiting connection: sixteen clients may all end at one worker
    while the other processors are idle.
    """

    async def create_server(  # type: ignore[override]
        self, factory: Any, *arguments: Any, sock: socket.socket, **options: Any
    ) -> asyncio.Server:
        """Serve from an open socket, as uvicorn does."""
        # asyncio's backlog is both how many connections it accepts at once and how many the system queues.
        server = await super().create_server(factory, *arguments, sock=sock, **{**options, "backlog": 1})
        sock.listen(BACKLOG)
        return server


def serve(
    config: ServerConfig, opened: socket.socket, *, workers: int = 1, ready: Callable[[], None] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; requests in progress are finished first.

    Parameters
    ----------
    config
        Configuration of the service.
    opened
        The socket to listen on.
    workers
        Number of processes.
    ready
        Called in a thread once the application is loaded; with one process only.
    """
    # uvicorn raises the signal again when it is done, which must not end this process before its cleanup.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if workers == 1:
        server = uvicorn.Server(uvicorn_config(_create_app(config), config))
        if ready is not None:
            # Connections wait in the socket's queue until the server runs.
            threading.Thread(target=ready, daemon=True).start()
        server.run([opened])
        return
    # Errors in runs are raised here, once, and not in every worker.
    ModelRegistry(config.runs)
    with tempfile.TemporaryDirectory(prefix="byhand-metrics-") as counts:
        os.environ[SHARED_FOLDER] = counts
        os.environ[CONFIG_VARIABLE] = CONFIG.dump_json(config).decode()
        Multiprocess(uvicorn_config("byhand.server.serving:create_worker", config, workers), [opened]).run()


def uvicorn_config(app: FastAPI | str, config: ServerConfig, workers: int = 1) -> uvicorn.Config:
    """Create uvicorn's configuration."""
    # The configuration of workers is pickled, which a class made here could not be.
    timed = type("TimedProtocol", (HeaderTimeoutProtocol,), {"seconds": config.limits.arrival})
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        loop="byhand.server.serving:AcceptOneLoop" if workers > 1 else "auto",
        # The same protocol implementation, whatever else is installed.
        http=timed if workers == 1 else HeaderTimeoutProtocol,
        ws="none",
        lifespan="on",
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=round(config.limits.shutdown),
        # A worker that does not reply to its parent for this long is replaced; shorter delays occur on a busy machine.
        timeout_worker_healthcheck=60,
    )


def create_worker() -> FastAPI:
    """Create the application of a worker process."""
    return _create_app(CONFIG.validate_json(os.environ[CONFIG_VARIABLE]))


def _create_app(config: ServerConfig) -> FastAPI:
    """Create the application and configure the process for it."""
    import cv2
    from PIL import Image

    # Each product and each filter uses one thread; requests run in parallel.
    set_threads(1)
    cv2.setNumThreads(1)
    # Our own limit on pixels is checked, and no warning may come between lines of JSON.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    app = create_app(config)
    # What exists now is kept; collecting it again and again would delay responses.
    gc.collect()
    gc.freeze()
    return app
