"""Parts of a batch in threads.

NumPy's element-wise functions use one processor, and BLAS gains little from dividing products as small as those of a
convolution or of one step of a recurrence. Both release Python's lock while they compute, so a batch is divided
instead: each part passes through the network in a separate thread, with single-threaded products. Parts depend on
only the batch size and the number of threads, so results are the same on every run.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

from byhand.models.layers import Container, Recurrent
from byhand.models.spec import Spec

MIN_PICTURES = 16
"""A part with fewer pictures does not keep a processor busy."""
MIN_WORK = 1_200_000
"""Multiply-adds between two returns to Python below which a part loses more by waiting for the others than it gains."""
MAX_PARTS = 4
"""More Python threads than these get into each other's way."""

Result = TypeVar("Result")

_pool: ThreadPoolExecutor
_forced: ContextVar[int | None] = ContextVar("forced", default=None)


def work_per_picture(spec: Spec) -> int:
    """Count the multiply-adds of one picture, of a recurrent network's those of its smallest layer in one time step."""
    total, steps = 0, []
    for entry in spec.entries:
        if isinstance(entry.layer, Container):
            continue
        if isinstance(entry.layer, Recurrent):
            steps.append(entry.size)
        # Weights meet every position of maps, or every step of a sequence.
        total += entry.size * math.prod(entry.after[:-1])
    return min(steps, default=total)


def count_parts(pictures: int, work: int, threads: int) -> int:
    """Count the parts of a batch of so many pictures, each of `work` multiply-adds."""
    forced = _forced.get()
    if forced is not None:
        return max(1, min(forced, pictures, MAX_PARTS))
    return max(1, min(threads, pictures // MIN_PICTURES, pictures * work // MIN_WORK, MAX_PARTS))


@contextmanager
def forced_parts(parts: int) -> Iterator[None]:
    """Divide every batch into this many parts, even a small batch or on one processor: for tests and proofs."""
    before = _forced.set(parts)
    try:
        yield
    finally:
        _forced.reset(before)


def cut(size: int, parts: int) -> list[slice]:
    """Cut ``range(size)`` into slices of nearly equal length."""
    cuts = [size * part // parts for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(cuts)]


def run_parts(task: Callable[[int], Result], parts: int) -> list[Result]:
    """Call ``task(part)`` for every part, the first in this thread; give the results in order.

    Tasks must not call this function: they would wait for a pool that they fill themselves.
    """
    if parts == 1:
        return [task(0)]
    # Every thread sees the caller's context, as set by np.errstate.
    others = [(copy_context(), part) for part in range(1, parts)]
    pending = [_pool.submit(context.run, task, part) for context, part in others]
    try:
        results = [task(0)]
        for future, (context, part) in zip(pending, others, strict=True):
            # A part that no worker has begun, as other callers keep them busy, is computed here.
            results.append(context.run(task, part) if future.cancel() else future.result())
        return results
    finally:
        # A part that works in shared memory must not outlive the call, also when another has failed.
        for future in pending:
            future.cancel()
        wait(pending)


def _new_pool() -> None:
    global _pool  # noqa: PLW0603
    # Its threads start when they first have work.
    _pool = ThreadPoolExecutor(MAX_PARTS, thread_name_prefix="byhand-parts")


_new_pool()
# A forked process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_pool)
