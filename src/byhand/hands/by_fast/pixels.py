"""From pixels to numbers, in the numpy hand: standardise, flatten, select.

Twins: ``by_tensor/pixels.py``, ``by_torch/pixels.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.layer import FastLayer, Mode, makes
from byhand.models import layers


@makes(layers.Standardize)
class Standardize(FastLayer):
    """``y = (x / 255 - mean) / std``, as one product and one difference: ``y = x s - m``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        scale = 1 / (255 * self.about.std)
        y = self.room("y", x.shape)
        np.multiply(x, self.dtype.type(scale), out=y)
        # y = x / (255 std) - mean / std
        y -= self.dtype.type(self.about.mean / self.about.std)
        return y

    def backward(self, dy: Array) -> Array | None:
        # dL/dx = dL/dy / (255 std)
        dy *= self.dtype.type(1 / (255 * self.about.std))
        return dy


@makes(layers.Flatten)
class Flatten(FastLayer):
    """``(B, H, W, C) -> (B, H W C)``: another way to count the same values."""

    keeps_output = True  # It is the layer's below.

    def forward(self, x: Array, mode: Mode) -> Array:
        self.before = x.shape
        if x.strides[0] == x.itemsize:
            # Maps of a convolution, whose batch lies last in memory, and does so in the rows made of them.
            last = self.room("y", (*x.shape[1:], len(x)))
            np.copyto(last, np.moveaxis(x, 0, -1))
            return last.reshape(-1, len(x)).T
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array | None:
        return dy.reshape(self.before)


@makes(layers.Select)
class Select(FastLayer):
    """``y = x[:, indices]``; the others get no gradient."""

    def forward(self, x: Array, mode: Mode) -> Array:
        y = self.room("y", (len(x), len(self.about.indices)))
        return np.take(x, self.about.indices, axis=1, out=y, mode="clip")

    def backward(self, dy: Array) -> Array | None:
        dx = self.room("dx", (len(dy), *self.shape))
        dx[...] = 0
        dx[:, self.about.indices] = dy
        return dx
