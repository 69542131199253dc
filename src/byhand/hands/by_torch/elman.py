"""Elman's network, in the torch hand: ``nn.RNN``.

Twins: ``by_numpy/elman.py``, ``by_tensor/elman.py``. Elman (1990).
"""

from __future__ import annotations

from torch import Tensor, nn

from byhand.hands.by_torch.layer import Twin
from byhand.hands.by_torch.recurrence import cell


@cell("elman")
def elman(D: int, H: int) -> tuple[nn.RNNBase, tuple[Twin, ...]]:
    """Make ``nn.RNN``, whose second bias says nothing that the first does not: it stays zero and learns nothing."""
    module = nn.RNN(D, H, batch_first=True)
    W_xh, W_hh, b_h, second = module.parameters()
    nn.init.zeros_(second).requires_grad_(False)
    return module, (Twin(W_xh, Tensor.t, Tensor.t), Twin(W_hh, Tensor.t, Tensor.t), Twin(b_h))
