"""From a picture to a sequence, in the torch hand. Twins: ``by_numpy/patches.py``, ``by_tensor/patches.py``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byhand.hands.by_torch.convolution import on_maps
from byhand.hands.by_torch.layer import implements
from byhand.models import layers


class Patches(nn.Module):
    """``(B, C, H, W)`` to ``(B, T, n n C)``; ``nn.Unfold`` would put a patch's channels before its pixels."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Cut into patches, row by row."""
        n = self.size
        # (B, C, H / n, W / n, n, n) -> (B, H / n, W / n, n, n, C)
        return x.unfold(2, n, n).unfold(3, n, n).permute(0, 2, 3, 4, 5, 1).flatten(3).flatten(1, 2)


class Positions(nn.Module):
    """``x + P``."""

    def __init__(self, shape: layers.Shape) -> None:
        super().__init__()
        self.P = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, D)`` to the same shape."""
        return x + self.P


@implements(layers.Patches)
def patches(settings: layers.Patches, shape: layers.Shape) -> nn.Module:
    """Patches."""
    return on_maps(Patches(settings.size), shape)


@implements(layers.Positions)
def positions(settings: layers.Positions, shape: layers.Shape) -> nn.Module:
    """Positions."""
    return Positions(shape)
