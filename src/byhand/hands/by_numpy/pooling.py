"""Pooling, in the numpy hand: forward, and the backward pass derived from it.

The block of an output is the n x n values under it; view ``v`` of x holds the v-th value of every block, row by row::

    y        = max_v x[v]
    which    = the first v with x[v] = y          (one byte)
    dx[v]    = dy [which = v]

Twins: ``by_tensor/pooling.py``, ``by_torch/pooling.py``. Ranzato et al. (2007); of several equal values the first gets
the gradient, as the library has it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from byhand import layers
from byhand.hands.base import Array
from byhand.hands.by_numpy.convolution import batch_first, batch_last
from byhand.hands.by_numpy.layer import Mode, NumpyLayer, makes
from byhand.hands.by_numpy.threads import together


@makes(layers.MaxPool2d)
class MaxPool2d(NumpyLayer):
    """``y = max_v x[v]``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        self.before = x.shape
        x = batch_last(x)
        n, (down, across, C) = self.about.size, self.about.output_shape(self.shape)
        y = self.room("y", (down, across, C, x.shape[3]))
        kind = np.uint8 if n <= 16 else np.uint16
        which = self.which = self.room("which", y.shape, kind)
        larger = self.room("larger", y.shape, np.bool_)

        def work(part: int, rows: slice) -> None:
            top, first, beaten = y[rows], which[rows], larger[rows]
            for v, values in enumerate(self.blocks(x, rows)):
                if v == 0:
                    np.copyto(top, values)
                    first[...] = 0
                elif mode.training:
                    # which = the first v with x[v] = max_v x[v], the last to be larger than all before it
                    np.greater(values, top, out=beaten)
                    np.maximum(first, beaten * kind(v), out=first)
                # y = max_v x[v]
                np.maximum(top, values, out=top)

        together(work, down, y.size * n)
        return batch_first(y)

    def backward(self, dy: Array) -> Array | None:
        which, n = self.which, self.about.size
        _, H, W = self.before[:3]
        dy = batch_last(dy)
        dx = self.room("dx", (H, W, *dy.shape[2:]))
        # A rest at the right and lower edge is in no block.
        dx[len(dy) * n :] = 0
        dx[:, dy.shape[1] * n :] = 0
        hit = self.room("larger", dy.shape, np.bool_)

        def work(part: int, rows: slice) -> None:
            for v, values in enumerate(self.blocks(dx, rows)):
                # dx[v] = dy [which = v]
                np.equal(which[rows], v, out=hit[rows])
                np.multiply(dy[rows], hit[rows], out=values)

        together(work, len(dy), dx.size)
        return batch_first(dx, len(self.before))

    def blocks(self, x: Array, rows: slice) -> Iterator[Array]:
        """The n n views ``(rows, across, C, B)`` of x ``(H, W, C, B)``, one for each place within a block."""
        n, (_, across, _) = self.about.size, self.about.output_shape(self.shape)
        for i in range(n):
            for j in range(n):
                yield x[rows.start * n + i : rows.stop * n : n, j : across * n : n]
