"""Long short-term memory, in the torch hand: ``nn.LSTM``.

Twins: ``by_numpy/lstm.py``, ``by_tensor/lstm.py``. Hochreiter & Schmidhuber (1997).
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.layer import implements
from byhand.hands.by_torch.recurrence import States
from byhand.models import layers


@implements(layers.Recurrent, "lstm")
def lstm(settings: layers.Recurrent, shape: layers.Shape) -> nn.Module:
    """``nn.LSTM``."""
    return States(nn.LSTM(shape[-1], settings.hidden, batch_first=True), settings.every)
