"""Elman's network, in the tensor hand: ``h_t = tanh(x_t W_xh + h_t-1 W_hh + b_h)``.

Twins: ``by_numpy/elman.py``, where the backward pass is derived, and ``by_torch/elman.py``. Elman (1990).
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.Recurrent, "elman")
def elman(settings: layers.Recurrent, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``(B, T, D)`` to the last state ``(B, H)``, or with `every` to all, ``(B, T, H)``."""
    W_xh, W_hh, b_h = parameters
    h = x.new_zeros(len(x), settings.hidden)
    states = []
    # The inputs' part of all steps at once               (B, T, D) (D, H) -> T times (B, H)
    for a_x in (x @ W_xh + b_h).unbind(1):
        # h_t = tanh(x_t W_xh + b_h + h_t-1 W_hh)         (B, H) (H, H) -> (B, H)
        h = (a_x + h @ W_hh).tanh()
        states.append(h)
    return torch.stack(states, 1) if settings.every else h
