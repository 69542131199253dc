"""Pooling, in the fast hand: the maximum of n columns, then of n rows, each stored in one byte.

With ``x[.., j]`` every n-th column from j on, and ``r[i]`` every n-th row from i on::

    r        = max_j x[.., j]      column = the first j with x[.., j] = r          (one byte)
    y        = max_i r[i]          row    = the first i with r[i] = y

    dr[i]    = dy [row = i]
    dx[.., j] = dr [column = j]

Of several equal values the first gets the gradient, as in PyTorch. Twins: ``by_numpy/pooling.py``,
``by_tensor/pooling.py``, ``by_torch/pooling.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import FastLayer, implements
from byhand.hands.by_fast.layout import batch_first, batch_last
from byhand.models import layers


@implements(layers.MaxPool2d)
class MaxPool2d(FastLayer):
    """``y = max_ij x[i, j]``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        self.input_shape = x.shape
        x = batch_last(x)
        n, (down, across, C) = self.settings.size, self.settings.output_shape(self.shape)
        x, B = x[: down * n], x.shape[3]
        # r = max_j x[.., j]
        r = self.buffers.array("r", (down * n, C, across, B))
        self.column = self.maximum([x[:, :, j : across * n : n] for j in range(n)], r, "column", mode)
        # y = max_i r[i]
        y = self.buffers.array("y", (down, C, across, B))
        self.row = self.maximum([r[i::n] for i in range(n)], y, "row", mode)
        return batch_first(y)

    def backward(self, dy: Array) -> Array | None:
        n = self.settings.size
        dy = batch_last(dy)
        down, C, across, B = dy.shape
        _, H, W = self.input_shape[:3]
        # dr[i] = dy [row = i]
        dr = self.buffers.array("r", (down * n, C, across, B))
        hit = self.buffers.array("hit", dy.shape, np.bool_)
        for i in range(n):
            np.multiply(dy, np.equal(self.row, i, out=hit), out=dr[i::n])
        # dx[.., j] = dr [column = j]
        dx = self.buffers.array("dx", (H, C, W, B))
        hit = self.buffers.array("hit", dr.shape, np.bool_)
        for j in range(n):
            np.multiply(dr, np.equal(self.column, j, out=hit), out=dx[: down * n, :, j : across * n : n])
        # Rows and columns left over at the edges are in no block.
        dx[down * n :] = 0
        dx[:, :, across * n :] = 0
        return batch_first(dx, len(self.input_shape))

    def maximum(self, values: Sequence[Array], y: Array, name: str, mode: Mode) -> Any:
        """Write the maximum of the values into y; in training, return the index of the first that is as large."""
        which = None
        if mode.training:
            which = self.buffers.array(name, y.shape, np.uint8 if len(values) <= 256 else np.uint16)
            which[...] = 0
        most = values[0]
        for v, value in enumerate(values[1:], 1):
            if which is not None:
                # which = the last v with x[v] > max_{u < v} x[u]
                larger = np.greater(value, most, out=self.buffers.array("hit", y.shape, np.bool_))
                number = np.multiply(
                    larger, which.dtype.type(v), out=self.buffers.array("number", y.shape, which.dtype)
                )
                np.maximum(which, number, out=which)
            most = np.maximum(most, value, out=y)
        if most is not y:
            np.copyto(y, most)
        return which


@implements(layers.GlobalAveragePool)
class GlobalAveragePool(FastLayer):
    """``y = sum_v x[v] / N`` over all positions of maps ``(H, W, C)``, or all steps of a sequence ``(T, D)``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        self.x, axes = x, tuple(range(1, x.ndim - 1))
        # y = sum_v x[v] / N                             (B, ..., C) -> (B, C)
        return np.mean(x, axis=axes, out=self.buffers.array("y", (len(x), x.shape[-1])))

    def backward(self, dy: Array) -> Array | None:
        x = self.x  # for its shape and layout
        dx, N = self.buffers.like("dx", x), x[0, ..., 0].size
        # dx[v] = dy / N                                 (B, C) -> (B, ..., C)
        dx[...] = (dy / self.dtype.type(N)).reshape(len(x), *(1,) * (x.ndim - 2), -1)
        return dx
