"""Convolution, in the numpy hand: forward, and the backward pass derived from it.

With kernels ``W (k, k, C, O)``, stride s and padding p, and x zero outside its edges (a cross-correlation, as the
field calls convolution)::

    y[h, w]  = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b
    db       = sum_hw dy[h, w]
    dW[i, j] = sum_hw x[s h + i - p, s w + j - p]^T dy[h, w]
    dx[u, v] = sum of dy[h, w] W[i, j]^T      over all i, j, h, w with u = s h + i - p and v = s w + j - p

How it becomes products. Maps count ``(B, H, W, C)`` as everywhere but lie in memory as ``(H, C, W, B)``, the batch
last. The two directions are taken one after the other::

    across    X[u, j, c, w] = x[u, c, s w + j - p]                          a copy of whole rows for each j
    down      y[h] = sum_i W[i]^T X[s h + i - p] + b                        one product

The k rows ``X[s h - p]`` to ``X[s h - p + k - 1]`` are one matrix ``(k k C, W B)`` in memory as they lie, the windows
of a whole row of output: values are copied k times, where a patch matrix copies them k k times. Rows outside x are
zero and simply take no part. Backwards it is the same from behind::

    down      dX[u] = sum_i W[i] dy[(u + p - i) / s]      where the quotient is whole      one product
    across    dx[u, c, s w + j - p] += dX[u, j, c, w]                       the copies are summed up

Products are as large as one row of output for all pictures: enough for BLAS to run at its full rate, little enough
for the processor's second cache. `threads` employs the other processors.

Twins: ``by_tensor/convolution.py``, ``by_torch/convolution.py``. LeCun et al. (1989); Chellapilla et al. (2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.layer import FastLayer, Mode, makes
from byhand.models import layers


def batch_last(x: Array) -> Array:
    """``(B, H, W, C)``, or pictures ``(B, H, W)`` of one channel, as a view ``(H, C, W, B)``."""
    return (x if x.ndim == 4 else x[..., None]).transpose(1, 3, 2, 0)


def batch_first(x: Array, ndim: int = 4) -> Array:
    """``(H, C, W, B)`` as a view ``(B, H, W, C)``, or ``(B, H, W)`` where the axes are to be three."""
    return x.transpose(3, 0, 2, 1) if ndim == 4 else x[:, 0].transpose(2, 0, 1)


class Run(NamedTuple):
    """Rows of a result that meet the same rows of the kernels, each with as many rows of a map."""

    rows: slice
    length: int
    kernels: slice
    start: int
    """The first row of the map under the first row of the result."""
    pace: int
    """How much further it lies for the next row."""

    def windows(self, x: Array) -> Array:
        """Those rows of x ``(H, ..., W, B)``, as matrices ``(length, rows ..., W B)`` that overlap: a view."""
        x = x.reshape(len(x), -1, x.shape[-2] * x.shape[-1])[self.start :]
        down, right, one = x.strides
        shape = (self.length, (self.kernels.stop - self.kernels.start) * x.shape[1], x.shape[2])
        return np.ndarray(shape, x.dtype, x, 0, (self.pace * down, right, one))


@cache
def runs(rows: range, starts: range, k: int, length: int) -> list[Run]:
    """Go down a result whose rows meet k rows of a map of so many, those from `starts` on.

    What lies outside of the map takes no part.
    """

    def inside(start: int) -> tuple[int, int]:
        first = min(max(0, -start), k)
        return first, max(first, min(k, length - start))

    found = []
    for (first, last), some in groupby(range(len(rows)), lambda n: inside(starts[n])):
        here = list(some)
        at = rows[here[0] : here[-1] + 1]
        start = min(max(0, starts[here[0]] + first), length)
        found.append(Run(slice(at.start, at.stop, at.step), len(at), slice(first, last), start, starts.step))
    return found


@makes(layers.Conv2d)
class Conv2d(FastLayer):
    """``y[h, w] = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b``."""

    divides = True

    def __init__(self, *about: Any, **arrays: Any) -> None:
        super().__init__(*about, **arrays)
        self.clean: tuple[int, ...] = ()

    def forward(self, x: Array, mode: Mode) -> Array:
        W, b = self.values
        self.ndim = x.ndim
        x = self.held(batch_last(x))
        down, across, O = self.about.output_shape(self.shape)  # noqa: E741
        H, C, _, B = x.shape

        X = self.X = self.room("X", (H, self.about.kernel, C, across, B))
        if self.clean != X.shape:
            # Once for each size of batch: what is zero then is never written to again.
            X[...] = 0
            self.clean = X.shape
        for j, w, v in self.columns(across):
            # X[u, j, c, w] = x[u, c, s w + j - p]
            X[:, j, :, w] = x[:, :, v]

        y = self.room("y", (down, O, across * B))
        # b at every place of a row: a sum of two whole rows takes half the time of one with a number for each channel.
        b = np.repeat(b, across * B).reshape(O, -1)
        for run in self.down(down):
            # y[h] = sum_i W[i]^T X[s h + i - p] + b        (O, k k C) (k k C, W B) -> (O, W B)
            np.matmul(W[run.kernels].reshape(-1, O).T, run.windows(X), out=y[run.rows])
            y[run.rows] += b
        return batch_first(y.reshape(down, O, across, B))

    def backward(self, dy: Array) -> Array | None:
        dW, db = self.gradients
        dy = self.held(batch_last(dy))
        down, O, _, _ = dy.shape  # noqa: E741
        # db = sum_hw dy[h, w]
        np.einsum("howb->o", dy, out=db)
        dW[...] = 0
        turned = dy.reshape(down, O, -1).swapaxes(1, 2)
        for run in self.down(down):
            # dW[i] = sum_h X[s h + i - p] dy[h]^T          (k k C, W B) (W B, O) -> (k k C, O)
            products = self.room("products", (run.length, *dW[run.kernels].shape))
            np.matmul(run.windows(self.X), turned[run.rows], out=products.reshape(run.length, -1, O))
            dW[run.kernels] += products.sum(axis=0)
        return None if self.first else batch_first(self.input_gradient(dy), self.ndim)

    def input_gradient(self, dy: Array) -> Array:
        W, _ = self.values
        k, s, p = self.about.kernel, self.about.stride, self.about.padding
        down, O, across, B = dy.shape  # noqa: E741
        H, _, C = self.X.shape[:3]
        dX = self.room("dX", (H, k, C, across, B))
        products = dX.reshape(H, k * C, -1)
        for first in range(s):
            # Rows u of the input with u + p = first (mod s) meet those of the kernels with i = first (mod s), the last
            # of them on top: V[jc, i, o] = W[i, j, c, o] in such an order takes dy row by row as it lies.
            V = np.ascontiguousarray(W[first::s][::-1].reshape(-1, k * C, O).swapaxes(0, 1))
            rows = range((first - p) % s, H, s)
            top = (rows.start + p) // s - V.shape[1] + 1
            for run in runs(rows, range(top, top + len(rows)), V.shape[1], down):
                # dX[u] = sum_i W[i] dy[(u + p - i) / s]    (k C, k O) (k O, W B) -> (k C, W B)
                np.matmul(V[:, run.kernels].reshape(k * C, -1), run.windows(dy), out=products[run.rows])
        dx = self.room("dx", (H, C, self.shape[1], B))
        dx[...] = 0
        for j, w, v in self.columns(across):
            # dx[u, c, s w + j - p] += dX[u, j, c, w]
            dx[:, :, v] += dX[:, j, :, w]
        return dx

    def down(self, rows: int) -> list[Run]:
        """Go down the output's rows."""
        k, s, p = self.about.kernel, self.about.stride, self.about.padding
        return runs(range(rows), range(-p, s * rows - p, s), k, self.shape[0])

    def columns(self, across: int) -> Iterator[tuple[int, slice, slice]]:
        """For each j the columns w of the output, and s w + j - p of the input, where the latter are inside."""
        k, s, p, width = self.about.kernel, self.about.stride, self.about.padding, self.shape[1]
        for j in range(k):
            first = max(0, -((j - p) // s))
            last = max(first, min(across, (width - 1 - j + p) // s + 1))
            start = s * first + j - p
            yield j, slice(first, last), slice(start, start + s * (last - first), s)

    def held(self, x: Array) -> Array:
        """Give x ``(H, C, W, B)`` as it is to lie in memory, a copy where it does not."""
        if x.flags.c_contiguous:
            return x
        y = self.room("held", x.shape)
        np.copyto(y, x)
        return y
