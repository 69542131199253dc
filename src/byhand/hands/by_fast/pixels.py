"""From pixels to numbers, in the fast hand.

Twins: ``by_numpy/pixels.py``, ``by_tensor/pixels.py``, ``by_torch/pixels.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import FastLayer, implements
from byhand.models import layers


@implements(layers.Standardize)
class Standardize(FastLayer):
    """``y = (x / 255 - mean) / std``, as one product and one difference: ``y = x s - m``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        scale = 1 / (255 * self.settings.std)
        y = self.buffers.array("y", x.shape)
        np.multiply(x, self.dtype.type(scale), out=y)
        # y = x / (255 std) - mean / std
        y -= self.dtype.type(self.settings.mean / self.settings.std)
        return y

    def backward(self, dy: Array) -> Array | None:
        # dL/dx = dL/dy / (255 std)
        dy *= self.dtype.type(1 / (255 * self.settings.std))
        return dy


@implements(layers.Flatten)
class Flatten(FastLayer):
    """``(B, H, W, C) -> (B, H W C)``: the same values in one row."""

    output_needed = True  # It is a view of the output of the layer below.

    def forward(self, x: Array, mode: Mode) -> Array:
        self.input_shape = x.shape
        if x.strides[0] == x.itemsize:
            # Maps of a convolution have the batch last in memory (`layout`), and so have the rows made of them.
            last = self.buffers.array("y", (*x.shape[1:], len(x)))
            np.copyto(last, np.moveaxis(x, 0, -1))
            return last.reshape(-1, len(x)).T
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array | None:
        return dy.reshape(self.input_shape)


@implements(layers.Select)
class Select(FastLayer):
    """``y = x[:, indices]``; the values left out get no gradient."""

    def forward(self, x: Array, mode: Mode) -> Array:
        y = self.buffers.array("y", (len(x), len(self.settings.indices)))
        return np.take(x, self.settings.indices, axis=1, out=y, mode="clip")

    def backward(self, dy: Array) -> Array | None:
        dx = self.buffers.array("dx", (len(dy), *self.shape))
        dx[...] = 0
        dx[:, self.settings.indices] = dy
        return dx
