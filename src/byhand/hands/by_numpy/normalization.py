"""Batch and layer normalization, in the textbook hand: forward, and the backward pass derived from it.

Batch normalization takes each channel, with N = B values of rows or B H W of maps; layer normalization each row, with
N = D values::

    mu = mean x      var = mean (x - mu)^2      r = 1 / sqrt(var + epsilon)
    u  = (x - mu) r
    y  = gamma u + beta

    dbeta  = sum dy
    dgamma = sum dy u
    dx     = gamma r (dy - mean dy - u mean(dy u))

The last line is the chain rule through mu and var as well. A shift or a stretch of the N values does not change u, so
the components of dy along 1 and along u are removed. gamma and beta belong to the channels: of a row, where each value
has its own, gamma stands inside the means, ``dx = r (gamma dy - mean(gamma dy) - u mean(gamma dy u))``. When reading,
batch normalization's mu and var are the running averages, constants, which training updates in place: the only side
effect of a layer.

Twins: ``by_tensor/normalization.py``, ``by_torch/normalization.py``. Ioffe & Szegedy (2015), Ba, Kiros &
Hinton (2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.convolution import as_maps
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


@implements(layers.BatchNorm1d)
@implements(layers.BatchNorm2d)
class BatchNorm(Layer):
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``, mu and var over all axes but the last."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        gamma, beta, running_mean, running_var = parameters
        momentum, shape = self.settings.momentum, x.shape
        x = as_maps(x) if isinstance(self.settings, layers.BatchNorm2d) else x
        axes = tuple(range(x.ndim - 1))
        if mode.training:
            mu, var, N = x.mean(axis=axes), x.var(axis=axes), x[..., 0].size
            # running <- running + momentum (batch - running), with the unbiased variance N / (N - 1) var
            running_mean += momentum * (mu - running_mean)
            running_var += momentum * (var * (N / max(1, N - 1)) - running_var)
        else:
            mu, var = running_mean, running_var
        # u = (x - mu) r,   r = 1 / sqrt(var + epsilon)
        r = 1 / np.sqrt(var + self.settings.epsilon)
        u = (x - mu) * r
        # y = gamma u + beta
        return gamma * u + beta, (u, r, gamma, axes, shape, mode.training)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        u, r, gamma, axes, shape, training = cache
        # dbeta = sum dy,   dgamma = sum dy u
        dbeta, dgamma = dy.sum(axes), (dy * u).sum(axes)
        # dx = gamma r (dy - mean dy - u mean(dy u)), and gamma r dy where mu and var do not depend on x
        dx = gamma * r * (dy - dy.mean(axes) - u * (dy * u).mean(axes) if training else dy)
        return dx.reshape(shape), (dgamma, dbeta)


@implements(layers.LayerNorm)
class LayerNorm(Layer):
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``, mu and var over the last axis."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        gamma, beta = parameters
        # u = (x - mu) r,   r = 1 / sqrt(var + epsilon)  (B, ..., D), and r one number a row
        r = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + self.settings.epsilon)
        u = (x - x.mean(axis=-1, keepdims=True)) * r
        # y = gamma u + beta
        return gamma * u + beta, (u, r, gamma)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        u, r, gamma = cache
        axes = tuple(range(dy.ndim))[:-1]
        # dbeta = sum dy,   dgamma = sum dy u            sums over all rows
        dbeta, dgamma = dy.sum(axes), (dy * u).sum(axes)
        # dx = r (gamma dy - mean(gamma dy) - u mean(gamma dy u))
        du = gamma * dy
        dx = r * (du - du.mean(axis=-1, keepdims=True) - u * (du * u).mean(axis=-1, keepdims=True))
        return dx, (dgamma, dbeta)
