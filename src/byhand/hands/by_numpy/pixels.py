"""From pixels to numbers, in the textbook hand: standardize, flatten, select.

Twins: ``by_tensor/pixels.py``, ``by_torch/pixels.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


@implements(layers.Standardize)
class Standardize(Layer):
    """``y = (x / 255 - mean) / std``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, None]:
        return (x / 255 - self.settings.mean) / self.settings.std, None

    def backward(self, dy: Array, cache: None) -> tuple[Array, Parameters]:
        # dx = dy / (255 std)
        return dy / (255 * self.settings.std), ()


@implements(layers.Flatten)
class Flatten(Layer):
    """``(B, H, W, C) -> (B, H W C)``: the same values in one row."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, tuple[int, ...]]:
        return x.reshape(len(x), -1), x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> tuple[Array, Parameters]:
        return dy.reshape(cache), ()


@implements(layers.Select)
class Select(Layer):
    """``y = x[:, indices]``; the values left out get no gradient."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, tuple[int, ...]]:
        return x[:, self.settings.indices], x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> tuple[Array, Parameters]:
        dx = np.zeros(cache, dy.dtype)
        dx[:, self.settings.indices] = dy
        return dx, ()
