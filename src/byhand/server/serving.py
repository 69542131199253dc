"""Serving: the socket, uvicorn's configuration, and an orderly shutdown."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from byhand.errors import ByhandError
from byhand.server.app import create_app
from byhand.server.config import LOOPBACK, ServerConfig
from byhand.server.protocol import protocol_for
from byhand.server.runtime import Runtime
from byhand.training.environment import set_threads

BACKLOG = 2048
"""Connections that the system queues until they are accepted."""
ACCEPTED = 16
"""Connections accepted at once."""
SPARE_FILES = 200
"""File handles kept for everything but connections."""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"lines": {"class": "byhand.server.log.JsonLogHandler"}},
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
    return opened


def url_of(opened: socket.socket) -> str:
    """Return the URL for a browser."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class AcceptFewLoop(asyncio.SelectorEventLoop):
    """An event loop that accepts few connections at once.

    By default asyncio accepts as many as the system queues before it looks at any of them, and each one that the
    system refuses is logged.
    """

    async def create_server(  # type: ignore[override]
        self, factory: Any, *arguments: Any, sock: socket.socket, **options: Any
    ) -> asyncio.Server:
        """Serve from an open socket, as uvicorn does."""
        # asyncio's backlog is both how many connections it accepts at once and how many the system queues.
        server = await super().create_server(factory, *arguments, sock=sock, **{**options, "backlog": ACCEPTED})
        sock.listen(BACKLOG)
        return server


def serve(config: ServerConfig, opened: socket.socket, *, ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; requests in progress are finished first.

    Parameters
    ----------
    config
        Configuration of the service.
    opened
        The socket to listen on.
    ready
        Called in a thread once the application is loaded.
    """
    # uvicorn raises the signal again when it is done, which must not end this process before its cleanup.
    signal.signal(signal.SIGTERM, lambda *_: None)
    # Each product uses one thread; requests run in parallel.
    set_threads(1)
    server = create_server(config)
    # What exists now is kept; collecting it again and again would delay responses.
    gc.collect()
    gc.freeze()
    if ready is not None:
        # Connections wait in the socket's queue until the server runs.
        threading.Thread(target=ready, daemon=True).start()
    server.run([opened])


def create_server(config: ServerConfig) -> uvicorn.Server:
    """Create uvicorn's server."""
    most = min(config.limits.connections, file_handles(config.limits.connections + SPARE_FILES) - SPARE_FILES)
    if most < 1:
        raise ByhandError(
            f"The system allows too few open files; expected {SPARE_FILES + 1} or more (`ulimit -n`).",
            code="server.too_few_files",
        )
    config = dataclasses.replace(config, limits=dataclasses.replace(config.limits, connections=most))
    app = create_app(config)
    runtime: Runtime = app.state.runtime
    settings = uvicorn.Config(
        app,
        loop="byhand.server.serving:AcceptFewLoop" if os.name == "posix" else "auto",
        # The same protocol implementation, whatever else is installed.
        http=protocol_for(config.limits, runtime.metrics, log=config.log),
        ws="none",
        lifespan="on",
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        proxy_headers=bool(config.proxies),
        forwarded_allow_ips=list(config.proxies),
        timeout_graceful_shutdown=round(config.limits.shutdown),
    )
    return uvicorn.Server(settings)


def file_handles(wanted: int) -> int:
    """Let this process open so many files if the system allows it; return how many it may open."""
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft
