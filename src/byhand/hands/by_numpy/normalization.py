"""Batch normalization, in the textbook hand: forward, and the backward pass derived from it.

For each channel, with N = B H W values::

    mu = mean x      var = mean (x - mu)^2      r = 1 / sqrt(var + epsilon)
    u  = (x - mu) r
    y  = gamma u + beta

    dbeta  = sum dy
    dgamma = sum dy u
    dx     = gamma r (dy - mean dy - u mean(dy u))

The last line is the chain rule through mu and var as well. A shift or a stretch of a channel does not change u, so the
components of dy along 1 and along u are removed. When reading, mu and var are the running averages, which training
updates in place: the only side effect of a layer.

Twins: ``by_tensor/normalization.py``, ``by_torch/normalization.py``. Ioffe & Szegedy (2015).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.convolution import as_maps
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


@implements(layers.BatchNorm2d)
class BatchNorm2d(Layer):
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        gamma, beta, running_mean, running_var = parameters
        momentum, shape, x = self.settings.momentum, x.shape, as_maps(x)
        if mode.training:
            mu, var, N = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2)), x[..., 0].size
            # running <- running + momentum (batch - running), with the unbiased variance N / (N - 1) var
            running_mean += momentum * (mu - running_mean)
            running_var += momentum * (var * (N / max(1, N - 1)) - running_var)
        else:
            mu, var = running_mean, running_var
        # u = (x - mu) r,   r = 1 / sqrt(var + epsilon)
        r = 1 / np.sqrt(var + self.settings.epsilon)
        u = (x - mu) * r
        # y = gamma u + beta
        return gamma * u + beta, (u, r, gamma, shape)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        u, r, gamma, shape = cache
        axes = (0, 1, 2)
        # dbeta = sum dy,   dgamma = sum dy u
        dbeta, dgamma = dy.sum(axes), (dy * u).sum(axes)
        # dx = gamma r (dy - mean dy - u mean(dy u))
        dx = gamma * r * (dy - dy.mean(axes) - u * (dy * u).mean(axes))
        return dx.reshape(shape), (dgamma, dbeta)
