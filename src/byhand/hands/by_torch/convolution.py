"""Convolution, in the torch hand: the library's own. Twins: ``by_numpy/convolution.py``, ``by_tensor/convolution.py``.

The library lays maps out as ``(B, C, H, W)`` where the other hands have ``(B, H, W, C)``.
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.layer import implements
from byhand.models import layers


def on_maps(module: nn.Module, shape: layers.Shape) -> nn.Module:
    """Let a picture ``(B, H, W)`` enter as a map of one channel ``(B, 1, H, W)``."""
    return module if len(shape) == 3 else nn.Sequential(nn.Unflatten(1, (1, shape[0])), module)


def channels(shape: layers.Shape) -> int:
    """Number of channels of what enters."""
    return shape[2] if len(shape) == 3 else 1


@implements(layers.Conv2d)
def conv2d(settings: layers.Conv2d, shape: layers.Shape) -> nn.Module:
    """``nn.Conv2d``."""
    layer = nn.Conv2d(channels(shape), settings.channels, settings.kernel, settings.stride, settings.padding)
    return on_maps(layer, shape)
