"""From a picture to a sequence, in the textbook hand: patches, and their positions.

::

    y[t] = the values of patch t, row by row            dx = dy, each value back in its place
    y    = x + P                                        dx = dy          dP = sum_B dy

Twins: ``by_tensor/patches.py``, ``by_torch/patches.py``. Dosovitskiy et al. (2021); learned positions: Vaswani et al.
(2017).
"""

from __future__ import annotations

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.convolution import as_maps
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


@implements(layers.Patches)
class Patches(Layer):
    """``(B, H, W, C) -> (B, T, n n C)`` with patches of n x n values."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, tuple[int, ...]]:
        n, (B, H, W, C) = self.settings.size, as_maps(x).shape
        # y[t] = the values of patch t                   (B, H / n, n, W / n, n, C) -> (B, H / n, W / n, n, n, C)
        y = x.reshape(B, H // n, n, W // n, n, C).swapaxes(2, 3)
        return y.reshape(B, H // n * (W // n), n * n * C), x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> tuple[Array, Parameters]:
        n, (B, H, W, *C) = self.settings.size, cache
        # dx = dy, each value back in its place          (B, H / n, W / n, n, n, C) -> (B, H / n, n, W / n, n, C)
        dx = dy.reshape(B, H // n, W // n, n, n, *C).swapaxes(2, 3)
        return dx.reshape(cache), ()


@implements(layers.Positions)
class Positions(Layer):
    """``y = x + P``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, None]:
        (P,) = parameters
        # y = x + P                                      (B, T, D) + (T, D) -> (B, T, D)
        return x + P, None

    def backward(self, dy: Array, cache: None) -> tuple[Array, Parameters]:
        # dx = dy,   dP = sum_B dy
        return dy, (dy.sum(axis=0),)
