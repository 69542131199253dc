"""A bidirectional recurrence, in the torch hand.

Twins: ``by_numpy/bidirectional.py``, ``by_tensor/bidirectional.py``. Schuster & Paliwal (1997).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byhand.hands.by_torch.layer import branch, implements
from byhand.models import layers


class Bidirectional(nn.Module):
    """Two of the library's layers; its own ``bidirectional=True`` gives no last state of both directions."""

    def __init__(self, forwards: nn.Module, backwards: nn.Module) -> None:
        super().__init__()
        self.forwards, self.backwards = forwards, backwards

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, D)`` to ``(B, 2 H)``, or to ``(B, T, 2 H)``."""
        F, G = self.forwards(x), self.backwards(x.flip(1))
        return torch.cat((F, G.flip(1) if G.dim() == 3 else G), -1)


@implements(layers.Bidirectional)
def bidirectional(settings: layers.Bidirectional, shape: layers.Shape) -> nn.Module:
    """Two ``nn.Sequential`` of the layers inside."""
    return Bidirectional(branch(settings, shape), branch(settings, shape))
