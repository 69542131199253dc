"""From pixels to numbers, in the torch hand. Twins: ``by_numpy/pixels.py``, ``by_tensor/pixels.py``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byhand.hands.by_torch.layer import Made, makes
from byhand.models import layers


class Standardize(nn.Module):
    """``(x / 255 - mean) / std``; the library has it for pictures in torchvision alone."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.scale, self.shift = 1 / (255 * std), mean / std

    def forward(self, x: Tensor) -> Tensor:
        """``(B, ...)`` to the same shape."""
        return x * self.scale - self.shift


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
    """``(B, C, H, W)`` to ``(B, H W C)``: the order in which all hands count a map's values."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows of the batch's values."""
        return (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).flatten(1)


@makes(layers.Standardize)
def standardize(about: layers.Standardize, shape: layers.Shape) -> Made:
    """Make Standardize."""
    return Made(Standardize(about.mean, about.std))


@makes(layers.Flatten)
def flatten(about: layers.Flatten, shape: layers.Shape) -> Made:
    """Make Flatten."""
    return Made(Flatten())


@makes(layers.Select)
def select(about: layers.Select, shape: layers.Shape) -> Made:
    """Make Select."""
    return Made(Select(about.indices))
