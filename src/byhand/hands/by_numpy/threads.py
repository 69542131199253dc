"""The upper and the lower rows of a layer's maps at once.

NumPy's element-wise functions run on one processor, and so do products as small as those of a convolution. Both let
other Python threads run while they compute, so the rows are divided between threads. Which part does which rows is
fixed, and what parts sum up is added in a fixed order: the same bits on every run.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from byhand.hands.by_numpy.blas import MOST_PARTS, _pool, single_threaded

WORTH_A_THREAD = 100_000
"""Values below which the work is done before another thread has woken."""

Work = Callable[[int, slice], None]
"""``work(part, rows)``: which part it is, to keep its sums apart from the others', and the rows it is to do."""


def together(work: Work, rows: int, values: int) -> int:
    """Do all rows, in several threads if `values`, the size of the work, is worth it; give the number of parts."""
    if values < WORTH_A_THREAD:
        work(0, slice(0, rows))
        return 1
    with single_threaded() as threads:
        parts = max(1, min(threads, rows, MOST_PARTS))
        cuts = [rows * part // parts for part in range(parts + 1)]
        mine, *others = [slice(start, stop) for start, stop in itertools.pairwise(cuts)]
        waiting = [_pool().submit(work, part, some) for part, some in enumerate(others, 1)]
        try:
            work(0, mine)
        finally:
            for part in waiting:
                part.result()
    return parts
