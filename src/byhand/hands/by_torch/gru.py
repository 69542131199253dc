"""The gated recurrent unit, in the torch hand: ``nn.GRU``.

Twins: ``by_numpy/gru.py``, ``by_tensor/gru.py``. Cho et al. (2014).
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.layer import Twin
from byhand.hands.by_torch.recurrence import cell, gates


@cell("gru")
def gru(D: int, H: int) -> tuple[nn.RNNBase, tuple[Twin, ...]]:
    """Make ``nn.GRU``, whose gates are r, z, n, as ours."""
    module = nn.GRU(D, H, batch_first=True)
    return module, tuple(gates(tensor, (0, 1, 2)) for tensor in module.parameters())
