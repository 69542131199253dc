"""From pixels to numbers, in the tensor hand. Twins: ``by_numpy/pixels.py``, ``by_torch/pixels.py``."""

from __future__ import annotations

from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.Standardize)
def standardize(settings: layers.Standardize, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = (x / 255 - mean) / std``."""
    return (x / 255 - settings.mean) / settings.std


@implements(layers.Flatten)
def flatten(settings: layers.Flatten, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``(B, H, W, C) -> (B, H W C)``."""
    return x.reshape(len(x), -1)


@implements(layers.Select)
def select(settings: layers.Select, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = x[:, indices]``."""
    return x[:, list(settings.indices)]
