"""From a picture to a sequence, in the tensor hand: patches, and their positions.

Twins: ``by_numpy/patches.py``, ``by_torch/patches.py``. Dosovitskiy et al. (2021).
"""

from __future__ import annotations

from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.convolution import as_maps
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.Patches)
def patches(settings: layers.Patches, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``(B, H, W, C) -> (B, T, n n C)`` with patches of n x n values."""
    n, (B, H, W, C) = settings.size, as_maps(x).shape
    # (B, H / n, n, W / n, n, C) -> (B, H / n, W / n, n, n, C)
    y = x.reshape(B, H // n, n, W // n, n, C).transpose(2, 3)
    return y.reshape(B, H // n * (W // n), n * n * C)


@implements(layers.Positions)
def positions(settings: layers.Positions, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = x + P``."""
    (P,) = parameters
    return x + P  # (B, T, D) + (T, D) -> (B, T, D)
