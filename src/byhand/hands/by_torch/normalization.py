"""Batch normalization, in the torch hand: the library's own.

Twins: ``by_numpy/normalization.py``, ``by_tensor/normalization.py``.
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.convolution import channels, on_maps
from byhand.hands.by_torch.layer import implements
from byhand.models import layers


@implements(layers.BatchNorm2d)
def batch_norm2d(settings: layers.BatchNorm2d, shape: layers.Shape) -> nn.Module:
    """``nn.BatchNorm2d``."""
    return on_maps(nn.BatchNorm2d(channels(shape), settings.epsilon, settings.momentum), shape)
