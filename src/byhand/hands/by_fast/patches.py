"""From a picture to a sequence, in the fast hand: patches, and their positions.

Twins: ``by_numpy/patches.py``, ``by_tensor/patches.py``, ``by_torch/patches.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import FastLayer, implements
from byhand.models import layers


@implements(layers.Patches)
class Patches(FastLayer):
    """``(B, H, W, C) -> (B, T, n n C)`` with patches of n x n values."""

    def forward(self, x: Array, mode: Mode) -> Array:
        n, (B, H, W, *C) = self.settings.size, x.shape
        self.input_shape = x.shape
        y = self.buffers.array("y", (B, H // n, W // n, n, n, *C))
        # y[t] = the values of patch t                   (B, H / n, n, W / n, n, C) -> (B, H / n, W / n, n, n, C)
        y[...] = x.reshape(B, H // n, n, W // n, n, *C).swapaxes(2, 3)
        return y.reshape(B, *self.settings.output_shape(x.shape[1:]))

    def backward(self, dy: Array) -> Array | None:
        n, (B, H, W, *C) = self.settings.size, self.input_shape
        dx = self.buffers.array("dx", (B, H // n, n, W // n, n, *C))
        # dx = dy, each value back in its place
        dx[...] = dy.reshape(B, H // n, W // n, n, n, *C).swapaxes(2, 3)
        return dx.reshape(self.input_shape)


@implements(layers.Positions)
class Positions(FastLayer):
    """``y = x + P``."""

    dy_kept = True

    def forward(self, x: Array, mode: Mode) -> Array:
        (P,) = self.values
        return np.add(x, P, out=x if self.in_place_ok else self.buffers.array("y", x.shape))

    def backward(self, dy: Array) -> Array | None:
        # dP = sum_B dy
        np.sum(dy, axis=0, out=self.gradients[0])
        return dy
