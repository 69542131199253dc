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
        for v, values in enumerate(self.blocks(x)):
            if v == 0:
                np.copyto(y, values)
                which[...] = 0
                continue
            if mode.training:
                # which = the first v with x[v] = max_v x[v], the last to be larger than all before it
                np.greater(values, y, out=larger)
                np.maximum(which, larger * kind(v), out=which)
            # y = max_v x[v]
            np.maximum(y, values, out=y)
        return batch_first(y)

    def backward(self, dy: Array) -> Array | None:
        which, n = self.which, self.about.size
        _, H, W = self.before[:3]
        dy = batch_last(dy)
        if dy.strides[3] != dy.itemsize:
            # From rows of a batch, as a Flatten above hands them down
            held = self.room("dy", dy.shape)
            np.copyto(held, dy)
            dy = held
        dx = self.room("dx", (H, W, *dy.shape[2:]))
        # A rest at the right and lower edge is in no block.
        dx[len(dy) * n :] = 0
        dx[:, dy.shape[1] * n :] = 0
        hit = self.room("larger", dy.shape, np.bool_)
        for v, values in enumerate(self.blocks(dx)):
            # dx[v] = dy [which = v]
            np.equal(which, v, out=hit)
            np.multiply(dy, hit, out=values)
        return batch_first(dx, len(self.before))

    def blocks(self, x: Array) -> Iterator[Array]:
        """The n n views ``(down, across, C, B)`` of x ``(H, W, C, B)``, one for each place within a block."""
        n, (down, across, _) = self.about.size, self.about.output_shape(self.shape)
        for i in range(n):
            for j in range(n):
                yield x[i : down * n : n, j : across * n : n]
