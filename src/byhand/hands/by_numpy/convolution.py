"""Convolution, in the textbook hand: forward, and the backward pass derived from it.

With kernels ``W (k, k, C, O)``, stride s and padding p, and x zero outside its edges (a cross-correlation, as the
field calls convolution)::

    y[h, w]  = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b
    db       = sum_hw dy[h, w]
    dW[i, j] = sum_hw x[s h + i - p, s w + j - p]^T dy[h, w]
    dx[u, v] = sum of dy[h, w] W[i, j]^T      over all i, j, h, w with u = s h + i - p and v = s w + j - p

The window under the kernel at output ``(h, w)``, written as one row of a matrix P, turns the first line into a single
product (Chellapilla et al., 2006), whose backward pass is that of a linear layer::

    y = P W + b          dW = P^T dy          dP = dy W^T

and since P holds each pixel once for every window that it is in, dx adds up its copies in dP.

Twins: ``by_tensor/convolution.py``, ``by_torch/convolution.py``. LeCun et al. (1989).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


def as_maps(x: Array) -> Array:
    """View pictures ``(B, H, W)`` as maps of one channel ``(B, H, W, 1)``; maps ``(B, H, W, C)`` stay as they are."""
    return x if x.ndim == 4 else x[..., None]


@implements(layers.Conv2d)
class Conv2d(Layer):
    """``y[h, w] = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        W, b = parameters
        k, _, C, O = W.shape  # noqa: E741
        s, p = self.settings.stride, self.settings.padding
        padded = np.pad(as_maps(x), ((0, 0), (p, p), (p, p), (0, 0)))
        # The window under the kernel at every output: (B, H + 2p, W + 2p, C) -> (B, H', W', C, k, k), a view
        windows = sliding_window_view(padded, (k, k), axis=(1, 2))[:, ::s, ::s]
        B, down, across = windows.shape[:3]
        P = windows.transpose(0, 1, 2, 4, 5, 3).reshape(B * down * across, k * k * C)
        # y = P W + b                                    (B H' W', k k C) (k k C, O) -> (B H' W', O)
        y = P @ W.reshape(k * k * C, O) + b
        return y.reshape(B, down, across, O), (P, W, x.shape, padded.shape)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        P, W, shape, padded_shape = cache
        k, _, C, O = W.shape  # noqa: E741
        s, p = self.settings.stride, self.settings.padding
        B, down, across, _ = dy.shape
        dy = dy.reshape(len(P), O)
        # db = sum dy                                    (B H' W', O) -> (O,)
        db = dy.sum(axis=0)
        # dW = P^T dy                                    (k k C, B H' W') (B H' W', O) -> (k k C, O)
        dW = (P.T @ dy).reshape(W.shape)
        # dP = dy W^T                                    (B H' W', O) (O, k k C) -> (B H' W', k k C)
        dP = (dy @ W.reshape(k * k * C, O).T).reshape(B, down, across, k, k, C)
        # dx[s h + i - p, s w + j - p] += dP[h, w, i, j]
        padded = np.zeros(padded_shape, dy.dtype)
        for i, j in np.ndindex(k, k):
            padded[:, i : i + s * down : s, j : j + s * across : s] += dP[:, :, :, i, j]
        dx = padded[:, p : p + shape[1], p : p + shape[2]]
        return dx.reshape(shape), (dW, db)
