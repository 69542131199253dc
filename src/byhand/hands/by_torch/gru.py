"""The gated recurrent unit, in the torch hand: ``nn.GRU``.

Twins: ``by_numpy/gru.py``, ``by_tensor/gru.py``. Cho et al. (2014).
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.layer import implements
from byhand.hands.by_torch.recurrence import States
from byhand.models import layers


@implements(layers.Recurrent, "gru")
def gru(settings: layers.Recurrent, shape: layers.Shape) -> nn.Module:
    """``nn.GRU``."""
    return States(nn.GRU(shape[-1], settings.hidden, batch_first=True), settings.every)
