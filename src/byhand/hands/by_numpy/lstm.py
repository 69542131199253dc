"""Long short-term memory, in the textbook hand.

With ``a = x_t W_xh + b_xh + h_t-1 W_hh + b_hh``, whose columns are those of four gates::

    i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)        g = tanh(a_g)
    c_t = f c_t-1 + i g                                 h_t = o tanh(c_t)

Backpropagation through time runs from the last step to the first. The state h_t feeds the output and, through W_hh,
step t + 1; the cell c_t feeds h_t and c_t+1. With ``s = tanh(c_t)``::

    dh = dy_t + da_t+1 W_hh^T                           dc = dc_t+1 f_t+1 + dh o (1 - s^2)
    da_i = dc g  i (1 - i)                              da_f = dc c_t-1  f (1 - f)
    da_o = dh s  o (1 - o)                              da_g = dc i  (1 - g^2)

Only these must be computed step by step; the parameters' gradients and dx are single products over all steps.

Twins: ``by_tensor/lstm.py``, ``by_torch/lstm.py``. Hochreiter & Schmidhuber (1997); the forget gate is due to Gers,
Schmidhuber & Cummins (2000).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.dense import sigmoid
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.hands.by_numpy.recurrence import at_last_step
from byhand.models import layers


@implements(layers.Recurrent, "lstm")
class LSTM(Layer):
    """``c_t = f c_t-1 + i g``, ``h_t = o tanh(c_t)``, from ``h_0 = c_0 = 0``; gates in the order i, f, o, g."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        W_xh, W_hh, b_xh, b_hh = parameters
        (B, T, _), H = x.shape, len(W_hh)
        # The inputs' part of a, for all steps at once       (B, T, D) (D, 4 H) -> (B, T, 4 H)
        a_x = x @ W_xh + (b_xh + b_hh)
        h = np.zeros((B, T + 1, H), x.dtype)
        c = np.zeros((B, H), x.dtype)
        steps = []
        for t in range(T):
            # a = x_t W_xh + b_xh + h_t-1 W_hh + b_hh        (B, H) (H, 4 H) -> (B, 4 H)
            a = a_x[:, t] + h[:, t] @ W_hh
            # i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)
            i, f, o = np.split(sigmoid(a[:, : 3 * H]), 3, axis=1)
            # g = tanh(a_g)
            g = np.tanh(a[:, 3 * H :])
            # c_t = f c_t-1 + i g
            c_before, c = c, f * c + i * g
            # h_t = o tanh(c_t)
            s = np.tanh(c)
            h[:, t + 1] = o * s
            steps.append((i, f, o, g, c_before, s))
        y = h[:, 1:] if self.settings.every else h[:, -1]
        return y, (x, h, steps, W_xh, W_hh)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        x, h, steps, W_xh, W_hh = cache
        (B, T, D), H = x.shape, len(W_hh)
        dys = dy if self.settings.every else at_last_step(dy, T)
        da = np.empty((B, T, 4 * H), x.dtype)
        dh = dc = np.zeros((B, H), x.dtype)
        for t in reversed(range(T)):
            i, f, o, g, c_before, s = steps[t]
            # dh = dy_t + da_t+1 W_hh^T
            dh = dys[:, t] + dh
            # dc = dc_t+1 f_t+1 + dh o (1 - s^2)
            dc = dc + dh * o * (1 - s**2)
            # da_i = dc g  i (1 - i),   da_f = dc c_t-1  f (1 - f)
            da_i, da_f = dc * g * i * (1 - i), dc * c_before * f * (1 - f)
            # da_o = dh s  o (1 - o),   da_g = dc i  (1 - g^2)
            da_o, da_g = dh * s * o * (1 - o), dc * i * (1 - g**2)
            da[:, t] = np.hstack((da_i, da_f, da_o, da_g))
            # Passed to step t - 1: da_t W_hh^T and dc_t f_t
            dh, dc = da[:, t] @ W_hh.T, dc * f
        da = da.reshape(B * T, 4 * H)
        # dW_xh = sum_t x_t^T da_t                           (D, B T) (B T, 4 H) -> (D, 4 H)
        dW_xh = x.reshape(B * T, D).T @ da
        # dW_hh = sum_t h_t-1^T da_t                         (H, B T) (B T, 4 H) -> (H, 4 H)
        dW_hh = h[:, :-1].reshape(B * T, H).T @ da
        # db_xh = db_hh = sum_t da_t
        db = da.sum(axis=0)
        # dx_t = da_t W_xh^T                                 (B T, 4 H) (4 H, D) -> (B T, D)
        dx = (da @ W_xh.T).reshape(B, T, D)
        return dx, (dW_xh, dW_hh, db, db)
