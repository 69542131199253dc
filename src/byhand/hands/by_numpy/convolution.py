"""Convolution, in the numpy hand: forward, and the backward pass derived from it.

With kernels ``W (k, k, C, O)``, stride s and padding p, and x zero outside its edges (a cross-correlation, as the
field calls convolution)::

    y[h, w]  = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b
    db       = sum_hw dy[h, w]
    dW[i, j] = sum_hw x[s h + i - p, s w + j - p]^T dy[h, w]
    dx[h, w] = sum_ij dy[(h + p - i) / s, (w + p - j) / s] W[i, j]^T      where both quotients are whole

so dx is again a correlation of stride 1: of dy, spread out by s and framed by zeros, with kernels turned half round.

How it becomes products. Maps count ``(B, H, W, C)`` as everywhere but lie in memory as ``(H, W, C, B)``, the batch
last. Of the k rows under the kernel we make a *line*, ``line[w, i] = x[h + i, w]``; then the k k C values under the
kernel at any w are one contiguous block, from ``line[w]`` to ``line[w + k]``, and all windows of a row are a view of
overlapping matrices ``(k k C, B)``. Values are so copied k times, where a patch matrix copies them k k times, and
a line is used while it is in the cache. The products are small, one for each place and block of pictures, and many:
BLAS does such ones on one processor and without the repacking that large ones need. `threads` employs the others.

Twins: ``by_tensor/convolution.py``, ``by_torch/convolution.py``. LeCun et al. (1989); Chellapilla et al. (2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from byhand import layers
from byhand.hands.base import Array
from byhand.hands.by_numpy.layer import Mode, NumpyLayer, makes

NEAR = 26_000
"""Values of the windows that enter one product: few enough for the processor's nearest caches."""
CACHED = 2**18
"""Values of the lines that are made at a time: few enough to be read again before they leave the cache."""
TURN = 100
"""Values in a window from which on it pays to turn dy for the products of the kernels' gradient."""


def batch_last(x: Array) -> Array:
    """``(B, H, W, C)``, or pictures ``(B, H, W)`` of one channel, as a view ``(H, W, C, B)``."""
    return (x if x.ndim == 4 else x[..., None]).transpose(1, 2, 3, 0)


def batch_first(x: Array, ndim: int = 4) -> Array:
    """``(H, W, C, B)`` as a view ``(B, H, W, C)``, or ``(B, H, W)`` where the axes are to be three."""
    return x.transpose(3, 0, 1, 2) if ndim == 4 else x[:, :, 0].transpose(2, 0, 1)


def blocks(V: Array, B: int) -> list[slice]:
    """Cut a batch into blocks for products of windows with V ``(k k C, ...)``, multiples of a vector of 16."""
    some = max(32, NEAR // len(V) // 16 * 16)
    return [slice(start, min(start + some, B)) for start in range(0, B, some)]


@makes(layers.Conv2d)
class Conv2d(NumpyLayer):
    """``y[h, w] = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b``."""

    divides = True

    def __init__(self, *about: Any, **arrays: Any) -> None:
        super().__init__(*about, **arrays)
        self.clean: dict[str, tuple[int, ...]] = {}

    def forward(self, x: Array, mode: Mode) -> Array:
        W, b = self.values
        s, p = self.about.stride, self.about.padding
        self.ndim = x.ndim
        x = batch_last(x)
        H, width, _, B = x.shape
        down, across, O = self.about.output_shape(self.shape)  # noqa: E741
        # X[h, w] = x[h - p, w - p], zeros around
        X = self.X = self.framed("X", x, (H + 2 * p, width + 2 * p), p, 1)
        # The kernels in the order of a window: (k, k, C, O) -> (k k C, O), j before i
        V = W.swapaxes(0, 1).reshape(-1, O)
        y = self.room("y", (down, across, O, B))

        for rows, windows in self.windows(X, across, s):
            for some in blocks(V, B):
                # y[h, w] = V^T window[h, w] + b              (O, k k C) (k k C, B) -> (O, B)
                np.matmul(V.T, windows[..., some], out=y[rows, ..., some])
            y[rows] += b[:, None]
        return batch_first(y)

    def backward(self, dy: Array) -> Array | None:
        dW, db = self.gradients
        k, s, X = self.about.kernel, self.about.stride, self.X
        dy = batch_last(dy)
        _, across, O, B = dy.shape  # noqa: E741
        values = k * k * X.shape[2]
        dV = np.zeros((values, O), self.dtype)
        db[...] = 0
        for rows, windows in self.windows(X, across, s):
            # db = sum_hw dy[h, w]
            db += np.einsum("hwob->o", dy[rows])
            turned = dy[rows].swapaxes(2, 3)
            if values >= TURN:
                held = self.room("turned", turned.shape)
                np.copyto(held, turned)
                turned = held
            products = self.room("products", (*turned.shape[:2], values, O))
            for some in blocks(dV, B):
                # dV = sum_hw window[h, w] dy[h, w]^T         (k k C, B) (B, O) -> (k k C, O)
                np.matmul(windows[..., some], turned[:, :, some], out=products)
                dV += products.sum(axis=(0, 1))
        # Back to the order of the kernels, i before j
        dW[...] = dV.reshape(k, k, -1, O).swapaxes(0, 1)
        return None if self.first else batch_first(self.input_gradient(dy), self.ndim)

    def input_gradient(self, dy: Array) -> Array:
        W, _ = self.values
        k, s, p = self.about.kernel, self.about.stride, self.about.padding
        H, width, C, B = self.X.shape[0] - 2 * p, self.X.shape[1] - 2 * p, *self.X.shape[2:]
        # D[h, w] = dy[(h - (k - 1 - p)) / s, (w - (k - 1 - p)) / s], zeros around and between
        D = self.framed("D", dy, (H + k - 1, width + k - 1), k - 1 - p, s)
        # The kernels turned half round, (k, k, O, C) -> (k k O, C), j before i
        V = W[::-1, ::-1].transpose(1, 0, 3, 2).reshape(-1, C)
        dx = self.room("dx", (H, width, C, B))

        for rows, windows in self.windows(D, width, 1):
            for some in blocks(V, B):
                # dx[h, w] = V^T window[h, w]                 (C, k k O) (k k O, B) -> (C, B)
                np.matmul(V.T, windows[..., some], out=dx[rows, ..., some])
        return dx

    def framed(self, name: str, x: Array, shape: tuple[int, int], start: int, step: int) -> Array:
        """Lay x ``(H, W, C, B)`` into zeros of that shape, from `start` on at every `step`; what falls outside goes."""
        frame = self.room(name, (*shape, *x.shape[2:]))
        if self.clean.get(name) != frame.shape:
            # Once for each size of batch: what is zero then is never written to again.
            frame[...] = 0
            self.clean[name] = frame.shape
        # The first row and column of x that is inside, and where
        skipped = max(0, -(start // step))
        first = start + skipped * step
        inside = frame[first::step, first::step][: x.shape[0] - skipped, : x.shape[1] - skipped]
        np.copyto(inside, x[skipped:, skipped:][: inside.shape[0], : inside.shape[1]])
        return frame

    def windows(self, frame: Array, across: int, step: int) -> Iterator[tuple[slice, Array]]:
        """Go down the output's rows, as many at a time as stay in the cache, with the windows that lie under them.

        Yields the rows and a view ``(rows, across, k k C, B)`` of overlapping windows in their lines.
        """
        k, (_, width, C, B) = self.about.kernel, frame.shape
        down, right, deep, one = frame.strides
        # under[h, w, i] = frame[step h + i, w], a view
        shape = ((len(frame) - k) // step + 1, width, k, C, B)
        under = np.ndarray(shape, self.dtype, frame, 0, (step * down, right, down, deep, one))
        most = max(1, CACHED // (width * k * C * B))
        for start in range(0, len(under), most):
            rows = slice(start, min(start + most, len(under)))
            # line[h, w, i] = frame[step h + i, w]
            line = self.room("line", under[rows].shape)
            np.copyto(line, under[rows])
            down, right, _, deep, one = line.strides
            lying = (len(line), across, k * k * C, B)
            yield rows, np.ndarray(lying, self.dtype, line, 0, (down, step * right, deep, one))
