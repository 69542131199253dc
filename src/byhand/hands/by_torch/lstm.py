"""Long short-term memory, in the torch hand: ``nn.LSTM``.

Twins: ``by_numpy/lstm.py``, ``by_tensor/lstm.py``. Hochreiter & Schmidhuber (1997).
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.layer import Twin
from byhand.hands.by_torch.recurrence import cell, gates


@cell("lstm")
def lstm(D: int, H: int) -> tuple[nn.RNNBase, tuple[Twin, ...]]:
    """Make ``nn.LSTM``, whose gates are i, f, g, o where ours are i, f, o, g."""
    module = nn.LSTM(D, H, batch_first=True)
    return module, tuple(gates(tensor, (0, 1, 3, 2)) for tensor in module.parameters())
