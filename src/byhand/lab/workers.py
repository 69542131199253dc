"""How several worker processes share the connections that come to one socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


class OneAtATime(asyncio.SelectorEventLoop):
    """An event loop that takes one connection whenever it looks, and leaves the others to the other workers.

    As asyncio has it, whichever worker wakes first takes every connection that waits, and keeps it: sixteen clients may
    all end at one worker while half of the processors do nothing. The queue in the system is as long as ever.
    """

    def _accept_connection(
        self,
        protocol_factory: Any,
        sock: socket.socket,
        sslcontext: Any = None,
        server: Any = None,
        backlog: int = 1,
        *others: Any,
        **more: Any,
    ) -> None:
        super()._accept_connection(protocol_factory, sock, sslcontext, server, 1, *others, **more)  # type: ignore[misc]
