"""The state of one application: reading processes, threads for the networks, model registry, metrics and trainings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi import Request

from byhand.server.config import Limits, ServerConfig
from byhand.server.metrics import Metrics
from byhand.server.pool import ReadingPool
from byhand.server.registry import ModelRegistry
from byhand.server.responses import Problem, busy
from byhand.server.trainings import Trainings

Result = TypeVar("Result")


class WorkerPool:
    """Threads that compute outside the event loop, with a short queue.

    A thread cannot be stopped: after a timeout its task counts as pending until it ends, so that no more run at once
    than there are threads.
    """

    def __init__(self, threads: int, limits: Limits) -> None:
        self.threads = threads
        self.limits = limits
        self.pending = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="byhand-server")

    async def run(self, task: Callable[[], Result]) -> Result:
        """Run a task in a thread; raises a `Problem`: 429 if the queue is full, 504 if late, 503 if closed."""
        with self._lock:
            if self.pending >= self.threads + self.limits.waiting:
                raise busy(f"{self.pending} requests are in progress, which is the limit; retry in a second.")
            self.pending += 1
        try:
            future = self._pool.submit(task)
        except RuntimeError:  # The pool is closed.
            self._done(None)
            raise Problem(503, "The service is shutting down; retry when it is back.") from None
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Problem(
                504, f"The response was not ready after {self.limits.seconds:g} seconds; send a smaller picture."
            ) from None

    def _done(self, future: Future[Any] | None) -> None:
        with self._lock:
            self.pending -= 1

    def close(self) -> None:
        """Wait for the running tasks, and drop those in the queue."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Runtime:
    """Everything that outlives a request."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.registry = ModelRegistry(config.runs)
        self.metrics = Metrics()
        self.readers = ReadingPool(config.readers, config.limits, self.metrics)
        self.pool = WorkerPool(config.threads, config.limits)
        self.trainings = Trainings(config.folder, config.trains, config.limits)

    async def close(self) -> None:
        """Stop the trainings, the processes and the threads."""
        await self.trainings.close()
        await self.readers.close()
        self.pool.close()


def runtime_of(request: Request) -> Runtime:
    """Return the runtime of a request's application."""
    runtime: Runtime = request.app.state.runtime
    return runtime
