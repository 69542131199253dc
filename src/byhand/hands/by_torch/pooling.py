"""Pooling, in the torch hand: the library's own. Twins: ``by_numpy/pooling.py``, ``by_tensor/pooling.py``."""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.convolution import Channelled
from byhand.hands.by_torch.layer import Made, makes
from byhand.models import layers


@makes(layers.MaxPool2d)
def max_pool2d(about: layers.MaxPool2d, shape: layers.Shape) -> Made:
    """Make ``nn.MaxPool2d``."""
    return Made(Channelled(nn.MaxPool2d(about.size)))
