"""The memory layout of maps: the batch last, so that a row of a map for all pictures is contiguous.

Maps have the axes ``(B, H, W, C)`` in every hand; here they are views of ``(H, C, W, B)``. Consecutive rows of such a
map form one contiguous matrix, which `RowBlock.windows` shows to BLAS without a copy.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import NamedTuple

import numpy as np

from byhand.hands.base import Array


def batch_last(x: Array) -> Array:
    """View ``(B, H, W, C)``, or pictures ``(B, H, W)`` of one channel, as ``(H, C, W, B)``."""
    return (x if x.ndim == 4 else x[..., None]).transpose(1, 3, 2, 0)


def batch_first(x: Array, ndim: int = 4) -> Array:
    """View ``(H, C, W, B)`` as ``(B, H, W, C)``, or as ``(B, H, W)`` for `ndim` 3."""
    return x.transpose(3, 0, 2, 1) if ndim == 4 else x[:, 0].transpose(2, 0, 1)


class RowBlock(NamedTuple):
    """Rows of a result to which the same rows of the kernels contribute."""

    rows: slice
    length: int
    kernels: slice
    start: int
    """The first row of the map under the first row of the result."""
    stride: int
    """Distance between the windows of two consecutive rows."""

    def windows(self, x: Array) -> Array:
        """View rows of x ``(H, ..., W, B)`` as overlapping matrices ``(length, rows ..., W B)``."""
        x = x.reshape(len(x), -1, x.shape[-2] * x.shape[-1])[self.start :]
        down, right, one = x.strides
        shape = (self.length, (self.kernels.stop - self.kernels.start) * x.shape[1], x.shape[2])
        return np.ndarray(shape, x.dtype, x, 0, (self.stride * down, right, one))


@cache
def row_blocks(rows: range, starts: range, k: int, length: int) -> list[RowBlock]:
    """Group the `rows` of a result: row n is computed from the k rows of a map of `length` rows from ``starts[n]`` on.

    Rows outside of the map take no part.
    """

    def inside(start: int) -> tuple[int, int]:
        first = min(max(0, -start), k)
        return first, max(first, min(k, length - start))

    found = []
    for (first, last), some in groupby(range(len(rows)), lambda n: inside(starts[n])):
        here = list(some)
        at = rows[here[0] : here[-1] + 1]
        start = min(max(0, starts[here[0]] + first), length)
        found.append(RowBlock(slice(at.start, at.stop, at.step), len(at), slice(first, last), start, starts.step))
    return found
