"""Convolution, in the fast hand: one product per row of output, without a patch matrix.

With kernels ``W (k, k, C, O)``, stride s and padding p, and x zero outside its edges::

    y[h, w]  = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b
    db       = sum_hw dy[h, w]
    dW[i, j] = sum_hw x[s h + i - p, s w + j - p]^T dy[h, w]
    dx[u, v] = sum of dy[h, w] W[i, j]^T      over all i, j, h, w with u = s h + i - p and v = s w + j - p

How it becomes products. Maps are stored as ``(H, C, W, B)``, the batch last (`layout`). The two directions are
processed one after the other::

    across    X[u, j, c, w] = x[u, c, s w + j - p]                          a copy of whole rows for each j
    down      y[h] = sum_i W[i]^T X[s h + i - p] + b                        one product

The k rows ``X[s h - p]`` to ``X[s h - p + k - 1]`` already form one contiguous matrix ``(k k C, W B)``: the windows of
a whole output row. Values are copied k times, where a patch matrix copies them k k times. Rows outside x are
zero and are skipped. The backward pass takes the directions in the other order::

    down      dX[u] = sum_i W[i] dy[(u + p - i) / s]      where the quotient is whole      one product
    across    dx[u, c, s w + j - p] += dX[u, j, c, w]                       the copies are summed

A product is as large as one row of output for all pictures: large enough for BLAS to run at its full rate, small
enough for the second-level cache.

Twins: ``by_numpy/convolution.py``, ``by_tensor/convolution.py``, ``by_torch/convolution.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import FastLayer, implements
from byhand.hands.by_fast.layout import RowBlock, batch_first, batch_last, row_blocks
from byhand.models import layers


@implements(layers.Conv2d)
class Conv2d(FastLayer):
    """``y[h, w] = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b``."""

    batch_parallel = True
    dy_kept = True

    def __init__(self, *about: Any, **arrays: Any) -> None:
        super().__init__(*about, **arrays)
        self.zeroed: tuple[int, ...] = ()

    def forward(self, x: Array, mode: Mode) -> Array:
        W, b = self.values
        self.ndim = x.ndim
        x = self.contiguous(batch_last(x))
        down, across, O = self.settings.output_shape(self.shape)  # noqa: E741
        H, C, _, B = x.shape

        X = self.X = self.buffers.array("X", (H, self.settings.kernel, C, across, B))
        if self.zeroed != X.shape:
            # Once for each batch size: columns outside the map are never written to.
            X[...] = 0
            self.zeroed = X.shape
        for j, w, v in self.columns(across):
            # X[u, j, c, w] = x[u, c, s w + j - p]
            X[:, j, :, w] = x[:, :, v]

        y = self.buffers.array("y", (down, O, across * B))
        # b repeated along the row: adding two whole rows takes half the time of adding a number to each channel.
        b = np.repeat(b, across * B).reshape(O, -1)
        for block in self.blocks(down):
            # y[h] = sum_i W[i]^T X[s h + i - p] + b        (O, k k C) (k k C, W B) -> (O, W B)
            np.matmul(W[block.kernels].reshape(-1, O).T, block.windows(X), out=y[block.rows])
            y[block.rows] += b
        return batch_first(y.reshape(down, O, across, B))

    def backward(self, dy: Array) -> Array | None:
        dW, db = self.gradients
        dy = self.contiguous(batch_last(dy))
        down, O, _, _ = dy.shape  # noqa: E741
        # db = sum_hw dy[h, w]
        np.einsum("howb->o", dy, out=db)
        dW[...] = 0
        turned = dy.reshape(down, O, -1).swapaxes(1, 2)
        for block in self.blocks(down):
            # dW[i] = sum_h X[s h + i - p] dy[h]^T          (k k C, W B) (W B, O) -> (k k C, O)
            products = self.buffers.array("products", (block.length, *dW[block.kernels].shape))
            np.matmul(block.windows(self.X), turned[block.rows], out=products.reshape(block.length, -1, O))
            dW[block.kernels] += products.sum(axis=0)
        return None if self.first else batch_first(self.input_gradient(dy), self.ndim)

    def input_gradient(self, dy: Array) -> Array:
        W, _ = self.values
        k, s, p = self.settings.kernel, self.settings.stride, self.settings.padding
        down, O, across, B = dy.shape  # noqa: E741
        H, _, C = self.X.shape[:3]
        dX = self.buffers.array("dX", (H, k, C, across, B))
        products = dX.reshape(H, k * C, -1)
        for first in range(s):
            # Input rows with (u + p) mod s = first meet only kernel rows with i mod s = first. V holds those in reverse
            # order, so that it multiplies consecutive rows of dy without a copy.
            V = np.ascontiguousarray(W[first::s][::-1].reshape(-1, k * C, O).swapaxes(0, 1))
            rows = range((first - p) % s, H, s)
            top = (rows.start + p) // s - V.shape[1] + 1
            for block in row_blocks(rows, range(top, top + len(rows)), V.shape[1], down):
                # dX[u] = sum_i W[i] dy[(u + p - i) / s]    (k C, k O) (k O, W B) -> (k C, W B)
                np.matmul(V[:, block.kernels].reshape(k * C, -1), block.windows(dy), out=products[block.rows])
        dx = self.buffers.array("dx", (H, C, self.shape[1], B))
        dx[...] = 0
        for j, w, v in self.columns(across):
            # dx[u, c, s w + j - p] += dX[u, j, c, w]
            dx[:, :, v] += dX[:, j, :, w]
        return dx

    def blocks(self, rows: int) -> list[RowBlock]:
        """Group the output's rows by the rows of the kernels that are inside the map."""
        k, s, p = self.settings.kernel, self.settings.stride, self.settings.padding
        return row_blocks(range(rows), range(-p, s * rows - p, s), k, self.shape[0])

    def columns(self, across: int) -> Iterator[tuple[int, slice, slice]]:
        """For each j the columns w of the output, and s w + j - p of the input, where the latter are inside."""
        k, s, p, width = self.settings.kernel, self.settings.stride, self.settings.padding, self.shape[1]
        for j in range(k):
            first = max(0, -((j - p) // s))
            last = max(first, min(across, (width - 1 - j + p) // s + 1))
            start = s * first + j - p
            yield j, slice(first, last), slice(start, start + s * (last - first), s)

    def contiguous(self, x: Array) -> Array:
        """Return x ``(H, C, W, B)`` as a contiguous array, copied if necessary."""
        if x.flags.c_contiguous:
            return x
        y = self.buffers.array("contiguous", x.shape)
        np.copyto(y, x)
        return y
