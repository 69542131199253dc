"""Computing beside the event loop: in as many threads as processors, with a short queue before them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from byhand.server.limits import Limits
from byhand.server.problems import Problem, busy

Result = TypeVar("Result")


class Work:
    """The threads that compute.

    A thread cannot be stopped: one whose answer came too late keeps its place until it is done, so that what is in
    progress is never more than was meant.

    Parameters
    ----------
    threads
        How many compute at once.
    limits
        ``waiting`` more may wait for them, and each has ``seconds`` from when it came.
    """

    def __init__(self, threads: int, limits: Limits) -> None:
        self.threads = threads
        self.limits = limits
        self.pending = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="byhand-lab")

    async def do(self, task: Callable[[], Result]) -> Result:
        """Compute something in a thread.

        Raises
        ------
        Problem
            429 where the queue is full, 504 where it takes too long, 503 once this is closed.
        """
        with self._lock:
            if self.pending >= self.threads + self.limits.waiting:
                raise busy(f"{self.pending} requests are being worked on, and no more fit; ask again in a second.")
            self.pending += 1
        try:
            job = self._pool.submit(task)
        except RuntimeError:
            # The pool takes nothing once it is closed.
            with self._lock:
                self.pending -= 1
            raise Problem(503, "The service is ending; ask another, or this one when it is back.") from None
        job.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            raise Problem(
                504, f"The answer was not there after {self.limits.seconds:g} seconds; send a smaller picture."
            ) from None

    def _done(self, job: Future[Any]) -> None:
        with self._lock:
            self.pending -= 1

    def close(self) -> None:
        """End the threads when they are done with what they are at."""
        self._pool.shutdown(wait=True, cancel_futures=True)
