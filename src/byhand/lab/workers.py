"""Worker processes, each with a socket of its own on the one port.

On one socket, whichever worker wakes first takes every connection that waits, and keeps it. Linux shares connections
evenly among sockets that were opened for it (``SO_REUSEPORT``); elsewhere all workers listen on one.
"""

from __future__ import annotations

import socket
import sys

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

SHARES = sys.platform == "linux"


def sharing(opened: socket.socket, workers: int) -> list[socket.socket]:
    """Give each worker a socket in the place of the one that was opened to see that the port is free.

    Parameters
    ----------
    opened
        A socket that listens; it is closed where others take its place.
    workers
        How many.

    Returns
    -------
    list of socket
        One for each worker; the same one where they cannot share a port.
    """
    if workers == 1 or not SHARES:
        return [opened] * workers
    address, family = opened.getsockname(), opened.family
    opened.close()
    sockets = []
    for _ in range(workers):
        own = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        own.bind(address)
        own.set_inheritable(True)
        sockets.append(own)
    # Only now: a connection must find all of them, to be shared evenly.
    for own in sockets:
        own.listen(2048)
    return sockets


class Workers(Multiprocess):
    """Starts the workers, and another in the place of one that died."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.processes = []

    def init_processes(self) -> None:
        """Start them all."""
        self.processes = [self._begun(place) for place in range(self.processes_num)]

    def keep_subprocess_alive(self) -> None:
        """Start another for each that died, on the same socket, where connections may be waiting."""
        for place, process in enumerate(self.processes):
            if self.should_exit.is_set() or process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                self.should_exit.set()
                return
            self.processes[place] = self._begun(place)

    def restart_all(self) -> None:
        """Replace them one by one (SIGHUP)."""
        for place, process in enumerate(self.processes):
            process.terminate()
            process.join()
            self.processes[place] = self._begun(place)

    def handle_ttin(self) -> None:
        """Stay as many as were asked for."""

    def handle_ttou(self) -> None:
        """Stay as many as were asked for."""

    def _begun(self, place: int) -> Process:
        process = Process(self.config, [self.sockets[place]])
        process.start()
        return process
