"""How the numpy hand shares a sweep over time between processors.

A recurrence is a long chain of small products. BLAS gains little from dividing each of them, and NumPy's element-wise
functions use one processor whatever it does. So the batch is divided instead: each part of its rows goes through all
time steps in a Python thread of its own, with products on one processor (NumPy lets other threads run while it
computes). The parts share nothing but the weights, so the result does not depend on who is faster.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

LEAST_WORK = 4_000_000
"""Multiply-adds of a step below which a part keeps its processor less busy than the change of threads costs."""
MOST_PARTS = 4
"""More Python threads than these get into each other's way."""


@cache
def _libraries() -> list[Any]:
    # numpy computes with one of them; scipy may bring another, which the sweeps do not call.
    np.matmul(np.ones((2, 2)), np.ones((2, 2)))
    found: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return found


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_PARTS, thread_name_prefix="byhand-rows")


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=_pool.cache_clear)

_lock = threading.Lock()
_inside = 0
_before: list[int] = []


def _threads() -> int:
    """How many threads BLAS uses when it is not `single_threaded`."""
    return max(_before, default=1)


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
        yield _threads()
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                for library, threads in zip(libraries, _before, strict=True):
                    library.set_num_threads(threads)


def by_parts(task: Callable[[slice], None], size: int, work: int) -> None:
    """Call ``task(part)`` for slices that together are ``range(size)``, each in a thread of its own where that pays.

    Parameters
    ----------
    task
        Computes a part of the result that no other part touches.
    size
        Number of rows or columns to divide.
    work
        Multiply-adds between two returns to Python, for all of `size`.
    """
    with single_threaded() as threads:
        parts = max(1, min(threads, size, work // LEAST_WORK, MOST_PARTS))
        cuts = [size * part // parts for part in range(parts + 1)]
        mine, *others = [slice(start, stop) for start, stop in itertools.pairwise(cuts)]
        waiting = [_pool().submit(task, part) for part in others]
        try:
            task(mine)
        finally:
            for part in waiting:
                part.result()
