"""The gated recurrent unit, in the tensor hand, with the reset gate after the product, as cuDNN and PyTorch have it.

::

    r, z = sigma(x_t W_xh + b_xh + h_t-1 W_hh + b_hh)   n = tanh(x_t W_xn + b_xn + r (h_t-1 W_hn + b_hn))
    h_t = (1 - z) n + z h_t-1                               = n + z (h_t-1 - n)

Twins: ``by_numpy/gru.py``, ``by_torch/gru.py``. Cho et al. (2014).
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.by_tensor.recurrence import cell, of_inputs


@cell("gru")
def gru(x: Tensor, values: tuple[Tensor, ...]) -> list[Tensor]:
    """Inputs ``(T, B, D)`` to T states ``(B, H)``; gates in the order r, z, n."""
    W_xh, W_hh, b_xh, b_hh = values
    H = len(W_hh)
    h = x.new_zeros(x.shape[1], H)
    states = []
    for a in of_inputs(x, W_xh, b_xh):
        # b = h_t-1 W_hh + b_hh                            (B, H) (H, 3 H) -> (B, 3 H)
        a_rz, a_n = a.tensor_split((2 * H,), 1)
        b_rz, b_n = torch.addmm(b_hh, h, W_hh).tensor_split((2 * H,), 1)
        # r, z = sigma(a + b)
        r, z = (a_rz + b_rz).sigmoid().chunk(2, 1)
        # n = tanh(a + r b)
        n = torch.addcmul(a_n, r, b_n).tanh()
        # h_t = n + z (h_t-1 - n)
        h = torch.lerp(n, h, z)
        states.append(h)
    return states
