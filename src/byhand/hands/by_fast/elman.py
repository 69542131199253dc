"""Elman's network, in the numpy hand: a layer of tanh units that reads its own last answer.

::

    h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h)

    da_t = dh_t (1 - h_t^2)

The rest of the way back is in ``recurrence.py``. Twins: ``by_tensor/elman.py``, ``by_torch/elman.py``. Elman (1990).
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.recurrence import Recurrent


class Elman(Recurrent, cell="elman"):
    """``h_t = tanh([x_t, h_t-1, 1] W)``."""

    gates = 1

    def join(self, W: Array) -> None:
        W_xh, W_hh, b_h = self.values
        np.concatenate((W_xh, W_hh, b_h[None]), out=W[0])

    def kept(self, part: slice) -> tuple[Array, ...]:
        return (self.h[1:, part],)

    def step(self, row: Array, h: Array, *kept: Array) -> None:
        # h_t = tanh([x_t, h_t-1, 1] W)                     (b, D + H + 1) (D + H + 1, H) -> (b, H)
        np.matmul(row, self.W[0], out=h)
        np.tanh(h, out=h)

    def step_back(self, dh: Array, da: Array, *kept: Array) -> Array | None:
        (h,), da = kept, da[:, 0]
        # da = dh (1 - h^2)
        np.multiply(h, h, out=da)
        np.subtract(1, da, out=da)
        da *= dh
        return None

    def part(self, dW: Array) -> None:
        dW_xh, dW_hh, db_h = self.gradients
        D = len(dW_xh)
        dW_xh[...], dW_hh[...], db_h[...] = dW[:D], dW[D:-1], dW[-1]
