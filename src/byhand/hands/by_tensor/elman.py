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
    first, *others = of_inputs(x, W_xh, b_h)
    # h_1 = tanh(x_1 W_xh + b_h), for h_0 = 0
    states = [first.tanh()]
    for a in others:
        # h_t = tanh(x_t W_xh + b_h + h_t-1 W_hh)         (B, H) (H, H) -> (B, H)
        states.append(a.addmm(states[-1], W_hh).tanh())
    return states
