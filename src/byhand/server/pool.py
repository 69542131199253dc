"""The reading processes of a service: each reads one picture at a time, and ends with a picture that takes too long.

Two lanes keep ordinary requests fast beside hostile ones. A picture begins in the first lane. If it is not read within
`QUICK` seconds while others wait, its process is ended and it begins again in the second lane, at low priority.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import socket
import time
from collections import OrderedDict
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from byhand.server import worker
from byhand.server.config import Limits
from byhand.server.log import log_line
from byhand.server.metrics import Metrics
from byhand.server.responses import Problem, busy

QUICK = 0.1
"""Seconds of processor time for a picture in the first lane while others wait."""
LOOK = 0.02
"""Seconds between two looks at what is being read."""
SLOW_WAITING = 8
"""Slow pictures that may wait for the second lane."""
START_SECONDS = 60.0
"""Time for a process to start."""
RETRY_SECONDS = 1.0
"""Wait after a process that could not start."""
USER, SYSTEM = 11, 12
"""Fields of ``/proc/PID/stat`` after the name, in clock ticks."""


class EndedError(Exception):
    """A reading process ended before it replied."""


@dataclass(eq=False)
class ReadingProcess:
    """A process, and the channel to it."""

    process: BaseProcess
    incoming: asyncio.StreamReader
    outgoing: asyncio.StreamWriter
    began: float = 0.0
    """What `spent` was when its task was sent."""
    preempted: bool = False

    def spent(self) -> float:
        """Seconds of processor time so far, or of time where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return time.monotonic()
        return (int(fields[USER]) + int(fields[SYSTEM])) / os.sysconf("SC_CLK_TCK")

    async def call(self, options: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Send a task and receive its reply."""
        encoded = json.dumps(options).encode()
        try:
            self.outgoing.writelines((worker.FRAME.pack(len(encoded), len(body)), encoded, body))
            await self.outgoing.drain()
        except OSError as error:
            raise EndedError from error
        return await self.receive()

    async def receive(self) -> tuple[dict[str, Any], bytes]:
        """Receive a frame."""
        try:
            first, second = worker.FRAME.unpack(await self.incoming.readexactly(worker.FRAME.size))
            content = json.loads(await self.incoming.readexactly(first))
            return content, await self.incoming.readexactly(second) if second else b""
        except (OSError, asyncio.IncompleteReadError) as error:
            raise EndedError from error

    def kill(self) -> None:
        """End the process at once."""
        self.outgoing.transport.abort()
        self.process.kill()


class Lane:
    """Some reading processes, and the requests that wait for one."""

    def __init__(self, count: int, limits: Limits, *, slow: bool) -> None:
        self.count, self.limits, self.slow = count, limits, slow
        self.busy: set[ReadingProcess] = set()
        self._idle: list[ReadingProcess] = []
        self._waiting: OrderedDict[asyncio.Future[ReadingProcess], None] = OrderedDict()
        self.processes: set[ReadingProcess] = set()
        """All that are ready."""
        self._starting: set[asyncio.Task[None]] = set()
        self.closed = False

    def start(self) -> None:
        """Start processes until there are enough."""
        for _ in range(self.count - len(self.processes) - len(self._starting)):
            task = asyncio.get_running_loop().create_task(self._start_one())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    async def take(self) -> ReadingProcess:
        """Take an idle process, or wait for one: first come, first served (which `asyncio.Queue` does not promise)."""
        self.start()
        while True:
            if self._idle and not self._waiting:
                taken = self._idle.pop()
            else:
                turn: asyncio.Future[ReadingProcess] = asyncio.get_running_loop().create_future()
                self._waiting[turn] = None
                try:
                    taken = await turn
                except asyncio.CancelledError:
                    if turn.done() and not turn.cancelled():
                        self.put(turn.result())
                    raise
                finally:
                    self._waiting.pop(turn, None)
            if taken.process.is_alive() and not taken.incoming.at_eof():
                self.busy.add(taken)
                return taken
            self.replace(taken)

    def put(self, given: ReadingProcess) -> None:
        """Give an idle process to the request that has waited for longest."""
        self.busy.discard(given)
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():
                turn.set_result(given)
                return
        self._idle.append(given)

    def replace(self, ended: ReadingProcess) -> None:
        """End a process and start another."""
        ended.kill()
        self.busy.discard(ended)
        self.processes.discard(ended)
        if not self.closed:
            self.start()

    async def close(self) -> None:
        """End all processes."""
        self.closed = True
        for task in [*self._starting]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for each in self.processes:
            each.kill()
        # The loop closes the channels in its next round.
        await asyncio.sleep(0)
        for each in self.processes:
            await asyncio.to_thread(each.process.join, 5)

    async def _start_one(self) -> None:
        while not self.closed:
            try:
                started = await _started(self.limits, slow=self.slow)
            except Exception as error:  # It must be tried again, whatever it was.
                log_line({"level": "error", "message": f"A reading process did not start ({error!r})."})
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self.processes.add(started)
            self.put(started)
            return


async def _started(limits: Limits, *, slow: bool) -> ReadingProcess:
    """Start a process, and wait until it is ready."""
    ours, theirs = socket.socketpair()
    process = _context().Process(target=worker.main, args=(theirs, limits, slow), daemon=True)
    try:
        # Starting waits for the process that forks the others.
        await asyncio.to_thread(process.start)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    started = ReadingProcess(process, *await asyncio.open_connection(sock=ours))
    try:
        async with asyncio.timeout(START_SECONDS):
            await started.receive()
    except BaseException:
        started.kill()
        raise
    return started


def _context() -> Any:
    """Return how processes are started: forked from one that has imported everything, where the system can."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["byhand.server.preload"])
    return context


class ReadingPool:
    """Reads pictures in other processes.

    Parameters
    ----------
    count
        Processes of the first lane; the second has one.
    limits
        Their time, memory and queue.
    metrics
        Counts the processes that were ended.
    """

    def __init__(self, count: int, limits: Limits, metrics: Metrics) -> None:
        self.limits = limits
        self.metrics = metrics
        self.pending = 0
        self.first = Lane(count, limits, slow=False)
        self.second = Lane(1, limits, slow=True)
        self._watch: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start the processes of the first lane, before the first request comes."""
        self.first.start()

    async def run(self, task: str, body: bytes, **options: Any) -> tuple[dict[str, Any], bytes]:
        """Carry out a task of `byhand.server.tasks`.

        Raises a `Problem`: what the task raises, 429 if too many wait, 504 if it is late, 503 if the pool is closed.
        """
        if self.first.closed:
            raise Problem(503, "The service is shutting down; retry when it is back.")
        if self.pending >= self.first.count + self.second.count + self.limits.waiting:
            raise busy(f"{self.pending} requests are in progress, which is the limit; retry in a second.")
        self.pending += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                content, reply = await self._run({"task": task} | options, body)
        except TimeoutError:
            raise Problem(
                504, f"The response was not ready after {self.limits.seconds:g} seconds; send a smaller picture."
            ) from None
        finally:
            self.pending -= 1
        if "error" in content:
            raise RuntimeError(content["error"])
        if "status" in content:
            raise Problem(content["status"], content["detail"], code=content.get("code"))
        return content, reply

    async def _run(self, options: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        # A process may be killed by others, such as the system when memory is short: the task gets a second one.
        for _ in range(2):
            try:
                return await self._on(self.first, options, body)
            except EndedError as ended:
                if ended.args != ("slow",):
                    continue
                if self.second.waiting >= SLOW_WAITING:
                    raise busy("The picture takes long to read, as do others; retry in a second.") from None
                with contextlib.suppress(EndedError):
                    return await self._on(self.second, options, body)
        raise RuntimeError("Two reading processes ended while they read a picture.")

    async def _on(self, lane: Lane, options: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        process = await lane.take()
        process.began = process.spent()
        if self._watch is None and not lane.slow:
            self._watch = asyncio.get_running_loop().call_later(LOOK, self._look)
        try:
            reply = await process.call(options, body)
        except BaseException as error:
            reason = "slow" if process.preempted else "died" if isinstance(error, EndedError) else "late"
            self.metrics.ended.labels(reason).inc()
            lane.replace(process)
            if process.preempted and isinstance(error, EndedError):
                raise EndedError("slow") from None
            raise
        if process.preempted:
            # It was ended just after it replied.
            lane.replace(process)
        else:
            lane.put(process)
        return reply

    def _look(self) -> None:
        """End what takes long while others wait."""
        self._watch = None
        if not self.first.busy:
            return
        self._watch = asyncio.get_running_loop().call_later(LOOK, self._look)
        slow = [process for process in self.first.busy if process.spent() - process.began > QUICK]
        for process in slow[: self.first.waiting]:
            process.preempted = True
            process.kill()

    async def close(self) -> None:
        """End all processes."""
        if self._watch is not None:
            self._watch.cancel()
        await self.first.close()
        await self.second.close()
