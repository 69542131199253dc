"""The multilayer perceptron's layers, in the numpy hand: forward, and the backward pass derived from it.

Every backward pass is the chain rule for ``L(y(x))``, the loss as a function of the layer's output. Writing ``dy`` for
``dL/dy``, and summing over whatever an entry feeds::

    y = x W + b      dW = x^T dy        db = sum_B dy       dx = dy W^T
    y = max(x, 0)    dx = dy [y > 0]
    y = sigma(x)     dx = dy y (1 - y)
    y = tanh(x)      dx = dy (1 - y^2)
    y = x m          dx = dy m          (dropout, mask m)

Twins: ``by_tensor/dense.py``, ``by_torch/dense.py``. Rumelhart, Hinton & Williams (1986).
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, dropout_mask
from byhand.hands.by_fast.layer import FastLayer, Mode, makes
from byhand.models import layers


@makes(layers.Linear)
class Linear(FastLayer):
    """``y = x W + b``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        W, b = self.values
        self.x = x
        # y = x W + b                                    (B, D) (D, H) -> (B, H)
        y = np.matmul(x, W, out=self.room("y", (len(x), len(b))))
        y += b
        return y

    def backward(self, dy: Array) -> Array | None:
        W, _ = self.values
        dW, db = self.gradients
        # db = sum_B dy                                  (B, H) -> (H,)
        np.sum(dy, axis=0, out=db)
        # dW = x^T dy                                    (D, B) (B, H) -> (D, H)
        np.matmul(self.x.T, dy, out=dW)
        if self.first:
            return None
        # dx = dy W^T                                    (B, H) (H, D) -> (B, D)
        return np.matmul(dy, W.T, out=self.room_like("dx", self.x))


class Elementwise(FastLayer):
    """What the activations share: a place to write, which is the argument's own where that is free."""

    def place(self, x: Array) -> Array:
        return x if self.may_overwrite else self.room("y", x.shape)


@makes(layers.ReLU)
class ReLU(Elementwise):
    """``y = max(x, 0)``."""

    keeps_output = True

    def forward(self, x: Array, mode: Mode) -> Array:
        # y = max(x, 0); to clip is the fastest way to say it in NumPy
        self.y = np.clip(x, 0, np.inf, out=self.place(x))
        return self.y

    def backward(self, dy: Array) -> Array | None:
        # dx = dy [y > 0]
        dy *= np.greater(self.y, 0, out=self.room_like("positive", self.y, np.bool_))
        return dy


@makes(layers.Sigmoid)
class Sigmoid(Elementwise):
    """``y = 1 / (1 + exp(-x))``, computed as ``(1 + tanh(x / 2)) / 2``, which overflows nowhere."""

    keeps_output = True

    def forward(self, x: Array, mode: Mode) -> Array:
        y = np.multiply(x, 0.5, out=self.place(x))
        np.tanh(y, out=y)
        y *= 0.5
        y += 0.5
        self.y = y
        return y

    def backward(self, dy: Array) -> Array | None:
        # dx = dy y (1 - y)
        dy *= self.y
        dy *= np.subtract(1, self.y, out=self.room_like("slope", self.y))
        return dy


@makes(layers.Tanh)
class Tanh(Elementwise):
    """``y = tanh(x)``."""

    keeps_output = True

    def forward(self, x: Array, mode: Mode) -> Array:
        self.y = np.tanh(x, out=self.place(x))
        return self.y

    def backward(self, dy: Array) -> Array | None:
        # dx = dy (1 - y^2)
        slope = np.multiply(self.y, self.y, out=self.room_like("slope", self.y))
        dy *= np.subtract(1, slope, out=slope)
        return dy


@makes(layers.Dropout)
class Dropout(FastLayer):
    """``y = x m``, where m is 0 with probability `rate` and else ``1 / (1 - rate)`` (Srivastava et al., 2014)."""

    keeps_output = True  # It is the layer's below where nothing is dropped.

    def forward(self, x: Array, mode: Mode) -> Array:
        self.mask: Array | None = None
        if mode.rng is None or self.about.rate == 0:
            return x
        drawn, kept = self.room("drawn", x.shape, np.float32), self.room("kept", x.shape, np.bool_)
        dropout_mask(mode.rng, x.shape, self.about.rate, drawn, kept)
        self.mask = np.multiply(kept, self.dtype.type(1 / (1 - self.about.rate)), out=self.room("mask", x.shape))
        return np.multiply(x, self.mask, out=self.room("y", x.shape))

    def backward(self, dy: Array) -> Array | None:
        # dx = dy m
        if self.mask is not None:
            dy *= self.mask
        return dy
