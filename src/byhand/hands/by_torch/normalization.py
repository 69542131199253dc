"""Batch and layer normalization, in the torch hand: the library's own.

Twins: ``by_numpy/normalization.py``, ``by_tensor/normalization.py``.
"""

from __future__ import annotations

from torch import Tensor, nn

from byhand.hands.by_torch.convolution import channels, on_maps
from byhand.hands.by_torch.layer import implements
from byhand.models import layers


@implements(layers.BatchNorm2d)
def batch_norm2d(settings: layers.BatchNorm2d, shape: layers.Shape) -> nn.Module:
    """``nn.BatchNorm2d``."""
    return on_maps(nn.BatchNorm2d(channels(shape), settings.epsilon, settings.momentum), shape)


class OnSteps(nn.Module):
    """``nn.BatchNorm1d`` of a sequence, which the library has as ``(B, D, T)``."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, D)`` to the same shape."""
        y: Tensor = self.norm(x.mT).mT
        return y


@implements(layers.BatchNorm1d)
def batch_norm1d(settings: layers.BatchNorm1d, shape: layers.Shape) -> nn.Module:
    """``nn.BatchNorm1d``."""
    norm = nn.BatchNorm1d(shape[-1], settings.epsilon, settings.momentum)
    return OnSteps(norm) if len(shape) == 2 else norm


@implements(layers.LayerNorm)
def layer_norm(settings: layers.LayerNorm, shape: layers.Shape) -> nn.Module:
    """``nn.LayerNorm``."""
    return nn.LayerNorm(shape[-1], settings.epsilon)
