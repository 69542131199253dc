"""The multilayer perceptron's layers, in the textbook hand: forward, and the backward pass derived from it.

Every backward pass is the chain rule for ``L(y(x))``, the loss as a function of the layer's output. Writing ``dy`` for
``dL/dy``, and summing over every output that an entry contributes to::

    y = x W + b      dW = x^T dy        db = sum_B dy       dx = dy W^T
    y = max(x, 0)    dx = dy [y > 0]
    y = sigma(x)     dx = dy y (1 - y)
    y = tanh(x)      dx = dy (1 - y^2)
    y = x Phi(x)     dx = dy (Phi(x) + x phi(x))
    y = x m          dx = dy m          (dropout, mask m)

Phi is the distribution function of the normal distribution and phi = Phi' its density. Of a sequence ``(T, D)`` the
linear layer takes every step by itself: the rows of all steps of all pictures are its batch.

Twins: ``by_tensor/dense.py``, ``by_torch/dense.py``. Rumelhart, Hinton & Williams (1986).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erf

from byhand.hands.base import Array, Mode, dropout_mask
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


@implements(layers.Linear)
class Linear(Layer):
    """``y = x W + b``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, tuple[Array, Array]]:
        W, b = parameters
        # y = x W + b                                    (B, D) (D, H) -> (B, H)
        y = x @ W + b
        return y, (x, W)

    def backward(self, dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Parameters]:
        x, W = cache
        D, H = W.shape
        rows = dy.reshape(-1, H)
        # dW = x^T dy                                    (D, B) (B, H) -> (D, H)
        dW = x.reshape(-1, D).T @ rows
        # db = sum_B dy                                  (B, H) -> (H,)
        db = rows.sum(axis=0)
        # dx = dy W^T                                    (B, H) (H, D) -> (B, D)
        dx = dy @ W.T
        return dx, (dW, db)


@implements(layers.ReLU)
class ReLU(Layer):
    """``y = max(x, 0)``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Array]:
        y = np.maximum(x, 0)
        return y, y

    def backward(self, dy: Array, cache: Array) -> tuple[Array, Parameters]:
        # dx = dy [y > 0]
        return dy * (cache > 0), ()


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2``; the second form overflows nowhere."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


@implements(layers.Sigmoid)
class Sigmoid(Layer):
    """``y = 1 / (1 + exp(-x))``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Array]:
        y = sigmoid(x)
        return y, y

    def backward(self, dy: Array, cache: Array) -> tuple[Array, Parameters]:
        y = cache
        # dx = dy y (1 - y)
        return dy * y * (1 - y), ()


@implements(layers.Tanh)
class Tanh(Layer):
    """``y = tanh(x)``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Array]:
        y = np.tanh(x)
        return y, y

    def backward(self, dy: Array, cache: Array) -> tuple[Array, Parameters]:
        y = cache
        # dx = dy (1 - y^2)
        return dy * (1 - y**2), ()


@implements(layers.GELU)
class GELU(Layer):
    """``y = x Phi(x)`` with ``Phi(x) = (1 + erf(x / sqrt 2)) / 2`` (Hendrycks & Gimpel, 2016)."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, tuple[Array, Array]]:
        # Phi(x) = (1 + erf(x / sqrt 2)) / 2
        Phi = 0.5 + 0.5 * erf(x / math.sqrt(2))
        # y = x Phi(x)
        return x * Phi, (x, Phi)

    def backward(self, dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Parameters]:
        x, Phi = cache
        # phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
        phi = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        # dx = dy (Phi(x) + x phi(x))
        return dy * (Phi + x * phi), ()


@implements(layers.Dropout)
class Dropout(Layer):
    """``y = x m``, where m is 0 with probability `rate` and else ``1 / (1 - rate)`` (Srivastava et al., 2014)."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Array | None]:
        rate = self.settings.rate
        if mode.rng is None or rate == 0:
            return x, None
        m = dropout_mask(mode.rng, x.shape, rate) * x.dtype.type(1 / (1 - rate))
        # y = x m
        return x * m, m

    def backward(self, dy: Array, cache: Array | None) -> tuple[Array, Parameters]:
        # dx = dy m
        return (dy if cache is None else dy * cache), ()
