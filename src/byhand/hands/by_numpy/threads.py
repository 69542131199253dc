"""Two halves of a layer's work at once.

NumPy's element-wise functions run on one thread, and so do products as small as those of a convolution. Both let go
of Python's lock while they compute, so Python threads can do a layer's upper and its lower rows at the same time.
Which thread does which rows is fixed, and what they sum is added in a fixed order: the same bits on every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

WORTH_A_THREAD = 50_000
"""Values below which a layer's work is over before another thread has woken."""

Work = Callable[[int, slice], None]
"""``work(part, rows)``: the number of a part, to keep its sums apart from the others', and the rows it is to do."""


@cache
def _blas() -> Any:
    return ThreadpoolController().select(user_api="blas")


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=os.cpu_count(), thread_name_prefix="byhand")


os.register_at_fork(after_in_child=_pool.cache_clear)


def threads() -> int:
    """How many threads may compute at once: as many as matrix products may use."""
    return max((library.num_threads for library in _blas().lib_controllers), default=1)


def together(work: Work, rows: int, values: int) -> int:
    """Do ``work(part, some_rows)`` for all rows, on several threads if `values`, the size of the work, is worth it.

    Returns the number of parts.
    """
    parts = min(threads(), rows) if values >= WORTH_A_THREAD else 1
    if parts == 1:
        work(0, slice(0, rows))
        return 1
    cuts = [rows * part // parts for part in range(parts + 1)]
    slices = [slice(start, stop) for start, stop in zip(cuts, cuts[1:], strict=False)]
    with _blas().limit(limits=1):
        others = [_pool().submit(work, part, slices[part]) for part in range(1, parts)]
        work(0, slices[0])
        for other in others:
            other.result()
    return parts
