"""The multilayer perceptron's layers, in the fast hand: into buffers, and in place if the input is not needed.

The equations are in ``by_numpy/dense.py``. Twins: ``by_tensor/dense.py``, ``by_torch/dense.py``.
"""

from __future__ import annotations

import math

import numpy as np

from byhand.hands.base import Array, Mode, dropout_mask
from byhand.hands.by_fast.layer import FastLayer, implements
from byhand.models import layers


@implements(layers.Linear)
class Linear(FastLayer):
    """``y = x W + b``."""

    dy_kept = True

    def forward(self, x: Array, mode: Mode) -> Array:
        W, b = self.values
        # The steps of a sequence are rows of their own.
        self.x = x.reshape(-1, len(W))
        # y = x W + b                                    (B, D) (D, H) -> (B, H)
        y = np.matmul(self.x, W, out=self.buffers.array("y", (len(self.x), len(b))))
        y += b
        return y.reshape(*x.shape[:-1], len(b))

    def backward(self, dy: Array) -> Array | None:
        W, b = self.values
        dW, db = self.gradients
        steps, dy = dy.shape[:-1], dy.reshape(-1, len(b))
        # db = sum_B dy                                  (B, H) -> (H,)
        np.sum(dy, axis=0, out=db)
        # dW = x^T dy                                    (D, B) (B, H) -> (D, H)
        np.matmul(self.x.T, dy, out=dW)
        if self.first:
            return None
        # dx = dy W^T                                    (B, H) (H, D) -> (B, D)
        return np.matmul(dy, W.T, out=self.buffers.like("dx", self.x)).reshape(*steps, len(W))


class Elementwise(FastLayer):
    """Base class of the activations: the output may overwrite the input."""

    output_needed = True

    def output(self, x: Array) -> Array:
        return x if self.in_place_ok else self.buffers.array("y", x.shape)


@implements(layers.ReLU)
class ReLU(Elementwise):
    """``y = max(x, 0)``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        # y = max(x, 0), for which NumPy is fastest with clip
        self.y = np.clip(x, 0, np.inf, out=self.output(x))
        return self.y

    def backward(self, dy: Array) -> Array | None:
        # dx = dy [y > 0]
        dy *= np.greater(self.y, 0, out=self.buffers.like("positive", self.y, np.bool_))
        return dy


@implements(layers.Sigmoid)
class Sigmoid(Elementwise):
    """``y = 1 / (1 + exp(-x))``, computed as ``(1 + tanh(x / 2)) / 2``, which overflows nowhere."""

    def forward(self, x: Array, mode: Mode) -> Array:
        y = np.multiply(x, 0.5, out=self.output(x))
        np.tanh(y, out=y)
        y *= 0.5
        y += 0.5
        self.y = y
        return y

    def backward(self, dy: Array) -> Array | None:
        # dx = dy y (1 - y)
        dy *= self.y
        dy *= np.subtract(1, self.y, out=self.buffers.like("slope", self.y))
        return dy


@implements(layers.Tanh)
class Tanh(Elementwise):
    """``y = tanh(x)``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        self.y = np.tanh(x, out=self.output(x))
        return self.y

    def backward(self, dy: Array) -> Array | None:
        # dx = dy (1 - y^2)
        slope = np.multiply(self.y, self.y, out=self.buffers.like("slope", self.y))
        dy *= np.subtract(1, slope, out=slope)
        return dy


@implements(layers.GELU)
class GELU(FastLayer):
    """``y = x Phi(x)``, with the derivative ``Phi(x) + x phi(x)`` computed along with it."""

    def forward(self, x: Array, mode: Mode) -> Array:
        # phi(x) sqrt(2 pi) = exp(-x^2 / 2)
        e = np.multiply(x, x, out=self.buffers.array("e", x.shape))
        e *= self.dtype.type(-0.5)
        np.exp(e, out=e)
        Phi = self.distribution(x, e)
        # y = x Phi(x)
        y = np.multiply(x, Phi, out=self.buffers.array("y", x.shape))
        if mode.training:
            e *= x
            e *= self.dtype.type(1 / math.sqrt(2 * math.pi))
            self.slope = np.add(Phi, e, out=Phi)
        return y

    def distribution(self, x: Array, e: Array) -> Array:
        """Compute ``Phi(x)``, given ``e = exp(-x^2 / 2)``."""
        Phi = self.buffers.array("Phi", x.shape)
        if self.dtype != np.float32:
            # Imported here: only proofs compute in float64, and SciPy takes longer to load than a picture to read.
            from scipy.special import erf

            erf(np.multiply(x, 1 / math.sqrt(2), out=Phi), out=Phi)
            Phi *= 0.5
            Phi += 0.5
            return Phi
        # To the rounding of float32, 1e-7, without erf, which takes longer than all else (Abramowitz & Stegun, 1964,
        # 7.1.26):  1 - Phi(z) = (a_1 t + ... + a_5 t^5) e,   t = 1 / (1 + p z),   z = |x| / sqrt 2
        t = np.abs(x, out=self.buffers.array("t", x.shape))
        t *= np.float32(0.3275911 / math.sqrt(2))
        t += np.float32(1)
        np.reciprocal(t, out=t)
        np.multiply(t, np.float32(A_S[-1] / 2), out=Phi)
        for a in A_S[-2::-1]:
            Phi += np.float32(a / 2)
            Phi *= t
        Phi *= e
        # Phi(x) = 1/2 + sign(x) (1/2 - (1 - Phi(|x|)))
        np.subtract(np.float32(0.5), Phi, out=Phi)
        np.copysign(Phi, x, out=Phi)
        Phi += np.float32(0.5)
        return Phi

    def backward(self, dy: Array) -> Array | None:
        # dx = dy (Phi(x) + x phi(x))
        dy *= self.slope
        return dy


A_S = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
"""a_1 to a_5."""


@implements(layers.Dropout)
class Dropout(FastLayer):
    """``y = x m``, where m is 0 with probability `rate` and else ``1 / (1 - rate)``.

    Attributes
    ----------
    drawn
        The values that the next pass keeps, if they were drawn for the whole batch and this replica has a part of it.
    """

    output_needed = True  # Where nothing is dropped, it is the output of the layer below.
    drawn: Array | None = None

    def forward(self, x: Array, mode: Mode) -> Array:
        kept, self.drawn = self.drawn, None
        self.mask: Array | None = None
        if kept is None:
            if mode.rng is None or self.settings.rate == 0:
                return x
            random, kept = (self.buffers.array(str(kind), x.shape, kind) for kind in (np.float32, np.bool_))
            dropout_mask(mode.rng, x.shape, self.settings.rate, random, kept)
        scale = self.dtype.type(1 / (1 - self.settings.rate))
        self.mask = np.multiply(kept, scale, out=self.buffers.array("mask", x.shape))
        y = self.buffers.array("y", x.shape)
        return np.multiply(x, self.mask, out=y)

    def backward(self, dy: Array) -> Array | None:
        # dx = dy m
        if self.mask is not None:
            dy *= self.mask
        return dy
