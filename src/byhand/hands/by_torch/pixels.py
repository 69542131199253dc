"""From pixels to numbers, in the torch hand. Twins: ``by_numpy/pixels.py``, ``by_tensor/pixels.py``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byhand.hands.by_torch.layer import implements
from byhand.models import layers


class Standardize(nn.Module):
    """``(x / 255 - mean) / std``; in PyTorch it is only in torchvision."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, x: Tensor) -> Tensor:
        """``(B, ...)`` to the same shape."""
        return (x / 255 - self.mean) / self.std


class Select(nn.Module):
    """``x[:, indices]``."""

    indices: Tensor

    def __init__(self, indices: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("indices", torch.tensor(indices))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, D)`` to ``(B, len(indices))``."""
        return x.index_select(1, self.indices)


class Flatten(nn.Module):
    """``(B, C, H, W)`` to ``(B, H W C)``: the order in which all hands flatten maps."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, ...)`` to rows."""
        return (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).flatten(1)


@implements(layers.Standardize)
def standardize(settings: layers.Standardize, shape: layers.Shape) -> nn.Module:
    """Standardize."""
    return Standardize(settings.mean, settings.std)


@implements(layers.Flatten)
def flatten(settings: layers.Flatten, shape: layers.Shape) -> nn.Module:
    """Flatten."""
    return Flatten()


@implements(layers.Select)
def select(settings: layers.Select, shape: layers.Shape) -> nn.Module:
    """Select."""
    return Select(settings.indices)
