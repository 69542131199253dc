"""Long short-term memory, in the tensor hand.

::

    i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)        g = tanh(a_g)
    c_t = f c_t-1 + i g                                 h_t = o tanh(c_t)

Twins: ``by_numpy/lstm.py``, ``by_torch/lstm.py``. Hochreiter & Schmidhuber (1997); the forget gate is of Gers,
Schmidhuber & Cummins (2000).
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.by_tensor.recurrence import cell, of_inputs


@cell("lstm")
def lstm(x: Tensor, values: tuple[Tensor, ...]) -> list[Tensor]:
    """Inputs ``(T, B, D)`` to T states ``(B, H)``; gates in the order i, f, o, g."""
    W_xh, W_hh, b_xh, b_hh = values
    H = len(W_hh)
    h = c = x.new_zeros(x.shape[1], H)
    states = []
    for a in of_inputs(x, W_xh, b_xh + b_hh):
        # a = x_t W_xh + b_xh + b_hh + h_t-1 W_hh          (B, H) (H, 4 H) -> (B, 4 H)
        sigmoids, g = a.addmm(h, W_hh).tensor_split((3 * H,), 1)
        i, f, o = sigmoids.sigmoid().chunk(3, 1)
        # c_t = f c_t-1 + i g
        c = torch.addcmul(f * c, i, g.tanh())
        # h_t = o tanh(c_t)
        h = o * c.tanh()
        states.append(h)
    return states
