"""Long short-term memory, in the tensor hand.

::

    i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)        g = tanh(a_g)
    c_t = f c_t-1 + i g                                 h_t = o tanh(c_t)

Twins: ``by_numpy/lstm.py``, where the backward pass is derived, and ``by_torch/lstm.py``. Hochreiter & Schmidhuber
(1997); the forget gate is due to Gers, Schmidhuber & Cummins (2000).
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.Recurrent, "lstm")
def lstm(settings: layers.Recurrent, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``(B, T, D)`` to the last state ``(B, H)``, or with `every` to all, ``(B, T, H)``."""
    W_xh, W_hh, b_xh, b_hh = parameters
    H = settings.hidden
    h = c = x.new_zeros(len(x), H)
    states = []
    # The inputs' part of all steps at once               (B, T, D) (D, 4 H) -> T times (B, 4 H)
    for a_x in (x @ W_xh + (b_xh + b_hh)).unbind(1):
        # a = x_t W_xh + b_xh + h_t-1 W_hh + b_hh         (B, H) (H, 4 H) -> (B, 4 H)
        sigmoids, a_g = (a_x + h @ W_hh).tensor_split((3 * H,), 1)
        # i, f, o = sigma(a_i), sigma(a_f), sigma(a_o);  g = tanh(a_g)
        i, f, o = sigmoids.sigmoid().chunk(3, 1)
        g = a_g.tanh()
        # c_t = f c_t-1 + i g
        c = f * c + i * g
        # h_t = o tanh(c_t)
        h = o * c.tanh()
        states.append(h)
    return torch.stack(states, 1) if settings.every else h
