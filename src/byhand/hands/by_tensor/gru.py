"""The gated recurrent unit, in the tensor hand, with the reset gate after the product, as cuDNN and PyTorch have it.

With ``a = x_t W_xh + b_xh`` and ``b = h_t-1 W_hh + b_hh``::

    r, z = sigma(a_r + b_r), sigma(a_z + b_z)           n = tanh(a_n + r b_n)
    h_t = (1 - z) n + z h_t-1

Twins: ``by_numpy/gru.py``, where the backward pass is derived, and ``by_torch/gru.py``. Cho et al. (2014).
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.Recurrent, "gru")
def gru(settings: layers.Recurrent, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``(B, T, D)`` to the last state ``(B, H)``, or with `every` to all, ``(B, T, H)``."""
    W_xh, W_hh, b_xh, b_hh = parameters
    H = settings.hidden
    h = x.new_zeros(len(x), H)
    states = []
    # a = x_t W_xh + b_xh, for all steps at once          (B, T, D) (D, 3 H) -> T times (B, 3 H)
    for a in (x @ W_xh + b_xh).unbind(1):
        # b = h_t-1 W_hh + b_hh                           (B, H) (H, 3 H) -> (B, 3 H)
        b = h @ W_hh + b_hh
        (a_rz, a_n), (b_rz, b_n) = a.tensor_split((2 * H,), 1), b.tensor_split((2 * H,), 1)
        # r, z = sigma(a_r + b_r), sigma(a_z + b_z)
        r, z = (a_rz + b_rz).sigmoid().chunk(2, 1)
        # n = tanh(a_n + r b_n)
        n = (a_n + r * b_n).tanh()
        # h_t = (1 - z) n + z h_t-1
        h = (1 - z) * n + z * h
        states.append(h)
    return torch.stack(states, 1) if settings.every else h
