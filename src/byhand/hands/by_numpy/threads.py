"""How the numpy hand shares its work between processors.

NumPy's element-wise functions run on one processor, and BLAS gains little from dividing products as small as those of a
convolution or of one step of a recurrence. Both let other Python threads run while they compute, so the batch is
divided instead: each part of it goes its way in a thread of its own, with products on one processor. A whole network
goes up and down so (`in_parts`), where its layers would otherwise meet twenty times in a step; a layer divides what
is long in itself (`by_parts`). Which rows are in which part is fixed, and what parts sum up is added in their order,
so the result is the same on every run, whoever is faster.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

LEAST_PICTURES = 16
"""Fewer pictures than these do not feed a processor."""
LEAST_WORK = 4_000_000
"""Multiply-adds below which a part keeps its processor less busy than the change of threads costs."""
MOST_PARTS = 4
"""More Python threads than these get into each other's way."""

Result = TypeVar("Result")


def in_parts(task: Callable[[int, slice], Result], B: int) -> list[Result]:
    """Call ``task(part, some)`` for slices that are together a batch, each in a thread.

    Parameters
    ----------
    task
        Computes a part of the batch, given the part's number and its rows.
    B
        Pictures in the batch.

    Returns
    -------
    list
        The results, in the order of the parts.
    """
    return _together(task, B, B // LEAST_PICTURES)


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
    _together(lambda _, part: task(part), size, min(size, work // LEAST_WORK))


def _together(task: Callable[[int, slice], Result], size: int, most: int) -> list[Result]:
    with single_threaded() as threads:
        parts = max(1, min(threads, most, MOST_PARTS))
        cuts = [size * part // parts for part in range(parts + 1)]
        mine, *others = [slice(start, stop) for start, stop in itertools.pairwise(cuts)]
        waiting = [_pool().submit(task, part, some) for part, some in enumerate(others, 1)]
        try:
            first = task(0, mine)
        finally:
            results = [part.result() for part in waiting]
    return [first, *results]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_PARTS, thread_name_prefix="byhand-rows")


# A forked process has none of its parent's threads; where processes cannot be forked there is nothing to do.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


@cache
def _libraries() -> list[Any]:
    # numpy computes with one of them; scipy may bring another, which the sweeps do not call.
    np.matmul(np.ones((2, 2)), np.ones((2, 2)))
    found: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return found


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
