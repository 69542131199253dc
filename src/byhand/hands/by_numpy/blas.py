"""How the numpy hand shares a sweep over time between processors.

A recurrence is a long chain of small products. BLAS gains little from dividing each of them, and NumPy's element-wise
functions use one processor whatever it does. So the batch is divided instead: each part of its rows goes through all
time steps in a Python thread of its own, with products on one processor (NumPy lets other threads run while it
computes). The parts share nothing but the weights, so the result does not depend on who is faster.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

LEAST_ROWS = 32
"""Fewer rows than these do not feed a processor."""
MOST_PARTS = 4
"""More Python threads than these get into each other's way."""


@cache
def _libraries() -> list[Any]:
    # numpy computes with one of them; scipy may bring another, which the sweeps do not call.
    np.matmul(np.ones((2, 2)), np.ones((2, 2)))
    return ThreadpoolController().select(user_api="blas").lib_controllers


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_PARTS, thread_name_prefix="byhand-rows")


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=_pool.cache_clear)

_lock = threading.Lock()
_inside = 0
_before: list[int] = []


@contextmanager
def single_threaded() -> Iterator[int]:
    """Let BLAS use one thread, and put its number back afterwards, also if several callers are inside at once.

    Yields
    ------
    int
        The number of threads that BLAS uses outside.
    """
    global _inside, _before  # noqa: PLW0603
    libraries = _libraries()
    with _lock:
        if not _inside:
            _before = [library.get_num_threads() for library in libraries]
            for library in libraries:
                library.set_num_threads(1)
        _inside += 1
    try:
        yield max(_before, default=1)
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                for library, threads in zip(libraries, _before, strict=True):
                    library.set_num_threads(threads)


def by_parts(sweep: Callable[[slice], None], B: int) -> None:
    """Call ``sweep(rows)`` for slices that together are the `B` rows of a batch, each in a thread of its own."""
    with single_threaded() as threads:
        parts = max(1, min(threads, B // LEAST_ROWS, MOST_PARTS))
        cuts = [B * part // parts for part in range(parts + 1)]
        mine, *others = [slice(start, stop) for start, stop in zip(cuts, cuts[1:], strict=False)]
        waiting = [_pool().submit(sweep, rows) for rows in others]
        try:
            sweep(mine)
        finally:
            for part in waiting:
                part.result()
