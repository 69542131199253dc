"""Pooling, in the torch hand: the library's own. Twins: ``by_numpy/pooling.py``, ``by_tensor/pooling.py``."""

from __future__ import annotations

from torch import Tensor, nn

from byhand.hands.by_torch.convolution import on_maps
from byhand.hands.by_torch.layer import implements
from byhand.models import layers


@implements(layers.MaxPool2d)
def max_pool2d(settings: layers.MaxPool2d, shape: layers.Shape) -> nn.Module:
    """``nn.MaxPool2d``."""
    return on_maps(nn.MaxPool2d(settings.size), shape)


class GlobalAveragePool(nn.Module):
    """The mean over all positions of maps ``(B, C, H, W)``, or all steps of a sequence ``(B, T, D)``."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C)`` or ``(B, D)``."""
        return x.mean((2, 3)) if x.dim() == 4 else x.mean(1)


@implements(layers.GlobalAveragePool)
def global_average_pool(settings: layers.GlobalAveragePool, shape: layers.Shape) -> nn.Module:
    """Global average pooling, which is ``nn.AdaptiveAvgPool2d(1)`` of maps."""
    return GlobalAveragePool()
