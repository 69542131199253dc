"""Buffers that are allocated once and used at every call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from byhand.hands.base import Array


class Workspace:
    """Named buffers of one layer, used by one thread at a time.

    Parameters
    ----------
    dtype
        Default type of the buffers.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._buffers: dict[str, Array] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return a contiguous buffer with arbitrary values; a smaller one is the head of the largest so far."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name] = np.empty(size, self.dtype if dtype is None else dtype)
        return buffer[:size].reshape(shape)

    def like(self, name: str, x: Array, dtype: Any = None) -> Array:
        """Return a buffer of x's shape whose axes have the order in memory of x's."""
        order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
        buffer = self.array(name, tuple(x.shape[axis] for axis in order), dtype)
        return buffer.transpose([order.index(axis) for axis in range(x.ndim)])
