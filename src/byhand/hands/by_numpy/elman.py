"""Elman's network, in the textbook hand: a layer of tanh units that reads its own last output.

::

    h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h)

Backpropagation through time (Werbos, 1990) runs from the last step to the first. The state of step t feeds the output
and, through W_hh, step t + 1::

    dh_t   = dy_t + da_t+1 W_hh^T                       da_t   = dh_t (1 - h_t^2)
    dW_xh  = sum_t x_t^T da_t                           dW_hh  = sum_t h_t-1^T da_t
    db_h   = sum_t da_t                                 dx_t   = da_t W_xh^T

Only dh must be computed step by step; the rest are single products over all steps.

Twins: ``by_tensor/elman.py``, ``by_torch/elman.py``. Elman (1990).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.hands.by_numpy.recurrence import at_last_step
from byhand.models import layers


@implements(layers.Recurrent, "elman")
class Elman(Layer):
    """``h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h)``, from ``h_0 = 0``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        W_xh, W_hh, b_h = parameters
        (B, T, _), H = x.shape, len(W_hh)
        # The inputs' part of a, for all steps at once       (B, T, D) (D, H) -> (B, T, H)
        a_x = x @ W_xh + b_h
        h = np.zeros((B, T + 1, H), x.dtype)
        for t in range(T):
            # h_t = tanh(x_t W_xh + b_h + h_t-1 W_hh)        (B, H) (H, H) -> (B, H)
            h[:, t + 1] = np.tanh(a_x[:, t] + h[:, t] @ W_hh)
        y = h[:, 1:] if self.settings.every else h[:, -1]
        return y, (x, h, W_xh, W_hh)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        x, h, W_xh, W_hh = cache
        (B, T, D), H = x.shape, len(W_hh)
        dys = dy if self.settings.every else at_last_step(dy, T)
        da = np.empty((B, T, H), x.dtype)
        dh = np.zeros((B, H), x.dtype)
        for t in reversed(range(T)):
            # dh_t = dy_t + da_t+1 W_hh^T
            dh = dys[:, t] + dh
            # da_t = dh_t (1 - h_t^2)
            da[:, t] = dh * (1 - h[:, t + 1] ** 2)
            # Passed to step t - 1: da_t W_hh^T              (B, H) (H, H) -> (B, H)
            dh = da[:, t] @ W_hh.T
        da = da.reshape(B * T, H)
        # dW_xh = sum_t x_t^T da_t                           (D, B T) (B T, H) -> (D, H)
        dW_xh = x.reshape(B * T, D).T @ da
        # dW_hh = sum_t h_t-1^T da_t                         (H, B T) (B T, H) -> (H, H)
        dW_hh = h[:, :-1].reshape(B * T, H).T @ da
        # dx_t = da_t W_xh^T                                 (B T, H) (H, D) -> (B T, D)
        dx = (da @ W_xh.T).reshape(B, T, D)
        return dx, (dW_xh, dW_hh, da.sum(axis=0))
