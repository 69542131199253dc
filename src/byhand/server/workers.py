"""How several worker processes share the connections that come to one socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

QUEUE = 2048
"""Connections that the system keeps until a worker takes them."""


class OneAtATime(asyncio.SelectorEventLoop):
    """An event loop that takes one connection whenever it looks, and leaves the others to the other workers.

    As uvicorn has it, whichever worker wakes first takes every connection that waits, and keeps it: sixteen clients may
    all end at one worker while half of the processors do nothing.
    """

    async def create_server(  # type: ignore[override]
        self, factory: Any, *others: Any, sock: socket.socket, **more: Any
    ) -> asyncio.Server:
        """Serve from a socket that is there already, as uvicorn asks for it."""
        # To asyncio the backlog is both how many it takes at once and how many the system keeps.
        server = await super().create_server(factory, *others, sock=sock, **{**more, "backlog": 1})
        sock.listen(QUEUE)
        return server
