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
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

LEAST_PICTURES = 16
"""Fewer pictures than these do not feed a processor."""
LEAST_WORK = 1_200_000
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
    # A part has its processor; parts of parts would wait for each other in a pool that they fill.
    if _in_part.get():
        return [task(0, slice(0, size))]
    with single_threaded() as threads:
        asked = _asked.get()
        parts = max(1, min(threads, most, MOST_PARTS)) if asked is None else min(asked.parts, size)
        if parts == 1:
            return [task(0, slice(0, size))]
        if asked is not None:
            asked.times += 1
        cuts = [size * part // parts for part in range(parts + 1)]
        mine, *others = [slice(start, stop) for start, stop in itertools.pairwise(cuts)]

        def inside(part: int, some: slice) -> Result:
            _in_part.set(True)
            return task(part, some)

        # Every thread sees what the caller set, as by np.errstate.
        waiting = [_pool().submit(copy_context().run, inside, part, some) for part, some in enumerate(others, 1)]
        try:
            first = copy_context().run(inside, 0, mine)
        finally:
            wait(waiting)
        return [first, *(part.result() for part in waiting)]


@dataclass
class Divided:
    """What `divided` asks for, and how often it was done.

    Attributes
    ----------
    parts
        In how many parts, at most `MOST_PARTS`.
    times
        How often something was divided so.
    """

    parts: int
    times: int = 0


_in_part: ContextVar[bool] = ContextVar("in_part", default=False)
_asked: ContextVar[Divided | None] = ContextVar("asked", default=None)


@contextmanager
def divided(parts: int) -> Iterator[Divided]:
    """Divide inside whatever can be divided, be it small and the processor alone: so that a proof sees it done."""
    asked = Divided(min(parts, MOST_PARTS))
    before = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(before)


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
