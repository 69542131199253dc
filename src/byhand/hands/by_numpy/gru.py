"""The gated recurrent unit, in the textbook hand, with the reset gate after the product, as cuDNN and PyTorch have it.

With ``a = x_t W_xh + b_xh`` and ``b = h_t-1 W_hh + b_hh``, whose columns are those of three gates::

    r, z = sigma(a_r + b_r), sigma(a_z + b_z)           n = tanh(a_n + r b_n)
    h_t = (1 - z) n + z h_t-1

Backpropagation through time runs from the last step to the first. The state h_t feeds the output and, through W_hh and
through z, step t + 1::

    da_n = dh (1 - z)  (1 - n^2)                        db_n = da_n r
    da_r = db_r = da_n b_n  r (1 - r)                   da_z = db_z = dh (h_t-1 - n)  z (1 - z)
    dh_t-1 = dy_t-1 + dh z + db W_hh^T

Only these must be computed step by step; the parameters' gradients and dx are single products over all steps.

Twins: ``by_tensor/gru.py``, ``by_torch/gru.py``. Cho et al. (2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.dense import sigmoid
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.hands.by_numpy.recurrence import at_last_step
from byhand.models import layers


@implements(layers.Recurrent, "gru")
class GRU(Layer):
    """``h_t = (1 - z) n + z h_t-1``, from ``h_0 = 0``; gates in the order r, z, n."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        W_xh, W_hh, b_xh, b_hh = parameters
        (B, T, _), H = x.shape, len(W_hh)
        # a = x_t W_xh + b_xh, for all steps at once         (B, T, D) (D, 3 H) -> (B, T, 3 H)
        a = x @ W_xh + b_xh
        h = np.zeros((B, T + 1, H), x.dtype)
        steps = []
        for t in range(T):
            # b = h_t-1 W_hh + b_hh                          (B, H) (H, 3 H) -> (B, 3 H)
            b = h[:, t] @ W_hh + b_hh
            # r, z = sigma(a_r + b_r), sigma(a_z + b_z)
            r, z = np.split(sigmoid(a[:, t, : 2 * H] + b[:, : 2 * H]), 2, axis=1)
            # n = tanh(a_n + r b_n)
            b_n = b[:, 2 * H :]
            n = np.tanh(a[:, t, 2 * H :] + r * b_n)
            # h_t = (1 - z) n + z h_t-1
            h[:, t + 1] = (1 - z) * n + z * h[:, t]
            steps.append((r, z, n, b_n))
        y = h[:, 1:] if self.settings.every else h[:, -1]
        return y, (x, h, steps, W_xh, W_hh)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        x, h, steps, W_xh, W_hh = cache
        (B, T, D), H = x.shape, len(W_hh)
        dys = dy if self.settings.every else at_last_step(dy, T)
        da, db = np.empty((2, B, T, 3 * H), x.dtype)
        dh = np.zeros((B, H), x.dtype)
        for t in reversed(range(T)):
            r, z, n, b_n = steps[t]
            dh = dys[:, t] + dh
            # da_n = dh (1 - z)  (1 - n^2)
            da_n = dh * (1 - z) * (1 - n**2)
            # db_n = da_n r
            db_n = da_n * r
            # da_r = db_r = da_n b_n  r (1 - r)
            da_r = da_n * b_n * r * (1 - r)
            # da_z = db_z = dh (h_t-1 - n)  z (1 - z)
            da_z = dh * (h[:, t] - n) * z * (1 - z)
            da[:, t] = np.hstack((da_r, da_z, da_n))
            db[:, t] = np.hstack((da_r, da_z, db_n))
            # Passed to step t - 1: dh z + db W_hh^T         (B, 3 H) (3 H, H) -> (B, H)
            dh = dh * z + db[:, t] @ W_hh.T
        da, db = da.reshape(B * T, 3 * H), db.reshape(B * T, 3 * H)
        # dW_xh = sum_t x_t^T da_t                           (D, B T) (B T, 3 H) -> (D, 3 H)
        dW_xh = x.reshape(B * T, D).T @ da
        # dW_hh = sum_t h_t-1^T db_t                         (H, B T) (B T, 3 H) -> (H, 3 H)
        dW_hh = h[:, :-1].reshape(B * T, H).T @ db
        # dx_t = da_t W_xh^T                                 (B T, 3 H) (3 H, D) -> (B T, D)
        dx = (da @ W_xh.T).reshape(B, T, D)
        # db_xh = sum_t da_t,   db_hh = sum_t db_t
        return dx, (dW_xh, dW_hh, da.sum(axis=0), db.sum(axis=0))
