"""Pooling, in the torch hand: the library's own. Twins: ``by_numpy/pooling.py``, ``by_tensor/pooling.py``."""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.convolution import on_maps
from byhand.hands.by_torch.layer import implements
from byhand.models import layers


@implements(layers.MaxPool2d)
def max_pool2d(settings: layers.MaxPool2d, shape: layers.Shape) -> nn.Module:
    """``nn.MaxPool2d``."""
    return on_maps(nn.MaxPool2d(settings.size), shape)
