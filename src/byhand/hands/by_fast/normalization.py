"""Batch and layer normalization, in the fast hand.

For each channel, with N = B or B H W values, or for each row, with N = D values::

    mu = mean x      var = mean (x - mu)^2      r = 1 / sqrt(var + epsilon)
    u  = (x - mu) r
    y  = gamma u + beta

    dbeta  = sum dy
    dgamma = sum dy u
    dx     = gamma r (dy - mean dy - u mean(dy u))          of channels
    dx     = r (gamma dy - mean(gamma dy) - u mean(gamma dy u))             of rows

When reading, batch normalization's mu and var are the running averages, and ``y`` is one product and one sum. Twins, of
which the first derives the equations: ``by_numpy/normalization.py``, ``by_tensor/normalization.py``,
``by_torch/normalization.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import FastLayer, implements
from byhand.hands.by_fast.layout import batch_first, batch_last
from byhand.models import layers


@implements(layers.BatchNorm2d)
class BatchNorm2d(FastLayer):
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``."""

    whole_batch = True
    dy_kept = True

    def forward(self, x: Array, mode: Mode) -> Array:
        gamma, beta = self.values
        running_mean, running_var = self.state
        self.ndim = x.ndim
        x = batch_last(x)
        y = self.buffers.array("y", x.shape)
        if not mode.training:
            # y = a x + (beta - a mu),   a = gamma / sqrt(var + epsilon)
            a = gamma / np.sqrt(running_var + self.dtype.type(self.settings.epsilon))
            np.multiply(x, a[:, None, None], out=y)
            y += (beta - a * running_mean)[:, None, None]
            return batch_first(y)
        N = x.size // len(gamma)
        # mu = mean x
        mean = np.einsum("hcwb->c", x) / self.dtype.type(N)
        u = self.u = np.subtract(x, mean[:, None, None], out=self.buffers.array("u", x.shape))
        # var = mean (x - mu)^2
        var = np.einsum("hcwb,hcwb->c", u, u) / self.dtype.type(N)
        # running <- running + momentum (batch - running), with the unbiased variance N / (N - 1) var
        momentum = self.dtype.type(self.settings.momentum)
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (var * self.dtype.type(N / max(1, N - 1)) - running_var)
        # u = (x - mu) r,   r = 1 / sqrt(var + epsilon)
        self.r = 1 / np.sqrt(var + self.dtype.type(self.settings.epsilon))
        u *= self.r[:, None, None]
        # y = gamma u + beta
        np.multiply(u, gamma[:, None, None], out=y)
        y += beta[:, None, None]
        return batch_first(y)

    def backward(self, dy: Array) -> Array | None:
        gamma, _ = self.values
        dgamma, dbeta = self.gradients
        dy, u = batch_last(dy), self.u
        # dbeta = sum dy
        np.einsum("hcwb->c", dy, out=dbeta)
        # dgamma = sum dy u
        np.einsum("hcwb,hcwb->c", dy, u, out=dgamma)
        if self.first:
            return None
        # dx = gamma r (dy - mean dy - u mean(dy u))
        N = self.dtype.type(u.size // len(gamma))
        dx = np.multiply(u, (-dgamma / N)[:, None, None], out=self.buffers.array("dx", u.shape))
        dx += dy
        dx -= (dbeta / N)[:, None, None]
        dx *= (gamma * self.r)[:, None, None]
        return batch_first(dx, self.ndim)


@implements(layers.LayerNorm)
class LayerNorm(FastLayer):
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``, of every row by itself."""

    dy_kept = True

    def forward(self, x: Array, mode: Mode) -> Array:
        gamma, beta = self.values
        shape = x.shape
        x = x.reshape(-1, len(gamma))
        N = self.dtype.type(len(gamma))
        # u = (x - mu) r,   r = 1 / sqrt(var + epsilon)
        u = self.u = np.subtract(x, (np.einsum("nd->n", x) / N)[:, None], out=self.buffers.array("u", x.shape))
        var = np.einsum("nd,nd->n", u, u) / N
        self.r = (1 / np.sqrt(var + self.dtype.type(self.settings.epsilon)))[:, None]
        u *= self.r
        # y = gamma u + beta
        y = self.buffers.array("y", shape)
        np.multiply(u.reshape(shape), gamma, out=y)
        y += beta
        return y

    def backward(self, dy: Array) -> Array | None:
        gamma, _ = self.values
        dgamma, dbeta = self.gradients
        shape, u, N = dy.shape, self.u, self.dtype.type(len(gamma))
        dy = dy.reshape(u.shape)
        # dbeta = sum dy,   dgamma = sum dy u            sums over all rows
        np.einsum("nd->d", dy, out=dbeta)
        np.einsum("nd,nd->d", dy, u, out=dgamma)
        # dx = r (gamma dy - mean(gamma dy) - u mean(gamma dy u))
        dx = np.multiply(dy, gamma, out=self.buffers.array("dx", u.shape))
        mean, along = np.einsum("nd->n", dx) / N, np.einsum("nd,nd->n", dx, u) / N
        u *= along[:, None]
        dx -= u
        dx -= mean[:, None]
        dx *= self.r
        return dx.reshape(shape)
