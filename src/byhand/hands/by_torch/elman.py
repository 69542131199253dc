"""Elman's network, in the torch hand: ``nn.RNN``.

Twins: ``by_numpy/elman.py``, ``by_tensor/elman.py``. Elman (1990).
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.layer import implements
from byhand.hands.by_torch.recurrence import States
from byhand.models import layers


@implements(layers.Recurrent, "elman")
def elman(settings: layers.Recurrent, shape: layers.Shape) -> nn.Module:
    """``nn.RNN``, whose second bias adds nothing to the first: it stays zero and is not trained."""
    rnn = nn.RNN(shape[-1], settings.hidden, batch_first=True)
    nn.init.zeros_(rnn.get_parameter("bias_hh_l0")).requires_grad_(False)
    return States(rnn, settings.every)
