"""Elman's network, in the fast hand.

::

    h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h)

    da_t = dh_t (1 - h_t^2)

The rest of the backward pass is in ``recurrence.py``. Twins: ``by_numpy/elman.py``, ``by_tensor/elman.py``,
``by_torch/elman.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.layer import implements
from byhand.hands.by_fast.recurrence import Recurrent
from byhand.models import layers


@implements(layers.Recurrent, "elman")
class Elman(Recurrent):
    """``h_t = tanh([x_t, h_t-1, 1] W)``."""

    gates = 1

    def pack_weights(self, W: Array) -> None:
        W_xh, W_hh, b_h = self.values
        np.concatenate((W_xh, W_hh, b_h[None]), out=W[0])

    def step(self, t: int, k: int) -> None:
        h = self.h[t + 1]
        # h_t = tanh([x_t, h_t-1, 1] W)                     (B, D + H + 1) (D + H + 1, H) -> (B, H)
        np.matmul(self.rows[t], self.W[0], out=h)
        np.tanh(h, out=h)

    def step_back(self, t: int, dh: Array, da: Array) -> Array | None:
        h, da = self.h[t + 1], da[:, 0]
        # da = dh (1 - h^2)
        np.multiply(h, h, out=da)
        np.subtract(1, da, out=da)
        da *= dh
        return None

    def unpack_gradients(self, dW: Array) -> None:
        dW_xh, dW_hh, db_h = self.gradients
        D = len(dW_xh)
        dW_xh[...], dW_hh[...], db_h[...] = dW[:D], dW[D:-1], dW[-1]
