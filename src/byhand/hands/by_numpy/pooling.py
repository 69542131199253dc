"""Pooling, in the textbook hand: forward, and the backward pass derived from it.

The block of an output is the n x n values under it::

    y  = max_v x[v]            v over the block
    dx[v] = dy [v is the first with x[v] = y]

The mean over all N positions has one derivative for all of them::

    y  = sum_v x[v] / N        v over all positions
    dx[v] = dy / N

Twins: ``by_tensor/pooling.py``, ``by_torch/pooling.py``. Ranzato et al. (2007), Lin et al. (2014). Of
several equal values the first gets the gradient, as the library has it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.convolution import as_maps
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


@implements(layers.MaxPool2d)
class MaxPool2d(Layer):
    """``y = max_v x[v]`` over every block of n x n values."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        n, maps = self.settings.size, as_maps(x)
        down, across = maps.shape[1] // n, maps.shape[2] // n
        # One slice for each position v in a block                 (n n, B, H', W', C)
        blocks = np.stack([maps[:, i : n * down : n, j : n * across : n] for i, j in np.ndindex(n, n)])
        # y = max_v x[v]
        y = blocks.max(axis=0)
        return y, (blocks, y, x.shape)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        blocks, y, shape = cache
        n, (_, down, across, C) = self.settings.size, dy.shape
        dx = np.zeros((*shape[:3], C), dy.dtype)
        unclaimed = np.ones(dy.shape, bool)
        for (i, j), x in zip(np.ndindex(n, n), blocks, strict=True):
            # dx[v] = dy [v is the first with x[v] = y]
            first = unclaimed & (x == y)
            dx[:, i : n * down : n, j : n * across : n] = dy * first
            unclaimed = unclaimed & ~first
        return dx.reshape(shape), ()


@implements(layers.GlobalAveragePool)
class GlobalAveragePool(Layer):
    """``y = sum_v x[v] / N`` over all positions of maps ``(H, W, C)``, or all steps of a sequence ``(T, D)``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, tuple[int, ...]]:
        # y = sum_v x[v] / N                             (B, ..., C) -> (B, C)
        return x.reshape(len(x), -1, x.shape[-1]).mean(axis=1), x.shape

    def backward(self, dy: Array, cache: tuple[int, ...]) -> tuple[Array, Parameters]:
        N = math.prod(cache[1:-1])
        # dx[v] = dy / N                                 (B, C) -> (B, N, C)
        dx = np.repeat(dy[:, None] / N, N, axis=1)
        return dx.reshape(cache), ()
