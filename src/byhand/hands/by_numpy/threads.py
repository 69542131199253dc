"""Parts of a batch through a network at once.

NumPy's element-wise functions run on one processor, and so do products as small as those of a convolution. Both let
other Python threads run while they compute, so each part of the batch goes all the way up and down in a thread of its
own: they meet once in a step, where dividing every layer would let them wait for each other twenty times. Which
pictures are in which part is fixed, and what parts sum up is added in their order: the same bits on every run.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeVar

from byhand.hands.by_numpy.blas import MOST_PARTS, _pool, single_threaded

LEAST_PICTURES = 16
"""Fewer pictures than these do not feed a processor."""

Result = TypeVar("Result")


def in_parts(task: Callable[[int, slice], Result], B: int) -> list[Result]:
    """Call ``task(part, some)`` for slices that are together a batch, each in a thread; results in their order."""
    with single_threaded() as threads:
        parts = max(1, min(threads, B // LEAST_PICTURES, MOST_PARTS))
        cuts = [B * part // parts for part in range(parts + 1)]
        mine, *others = [slice(start, stop) for start, stop in itertools.pairwise(cuts)]
        waiting = [_pool().submit(task, part, some) for part, some in enumerate(others, 1)]
        try:
            first = task(0, mine)
        finally:
            results = [part.result() for part in waiting]
    return [first, *results]
