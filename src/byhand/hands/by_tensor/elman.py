"""Elman's network, in the tensor hand: ``h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h)``.

Twins: ``by_numpy/elman.py``, ``by_torch/elman.py``. Elman (1990).
"""

from __future__ import annotations

from torch import Tensor

from byhand.hands.by_tensor.recurrence import cell, of_inputs


@cell("elman")
def elman(x: Tensor, values: tuple[Tensor, ...]) -> list[Tensor]:
    """Inputs ``(T, B, D)`` to T states ``(B, H)``."""
    W_xh, W_hh, b_h = values
    h = x.new_zeros(x.shape[1], len(W_hh))
    states = []
    for a in of_inputs(x, W_xh, b_h):
        # h_t = tanh(x_t W_xh + b_h + h_t-1 W_hh)          (B, H) (H, H) -> (B, H)
        h = a.addmm(h, W_hh).tanh()
        states.append(h)
    return states
