"""From pixels to numbers, in the tensor hand. Twins: ``by_numpy/pixels.py``, ``by_torch/pixels.py``."""

from __future__ import annotations

import torch
from torch import Tensor

from byhand import layers
from byhand.hands.by_tensor.layer import Mode, makes


@makes(layers.Standardize)
def standardize(about: layers.Standardize, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = (x / 255 - mean) / std``, as one product and one difference."""
    return x * (1 / (255 * about.std)) - about.mean / about.std


@makes(layers.Flatten)
def flatten(about: layers.Flatten, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``(B, H, W, C) -> (B, H W C)``."""
    return x.reshape(len(x), -1)


@makes(layers.Select)
def select(about: layers.Select, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = x[:, indices]``."""
    return x[:, torch.tensor(about.indices, device=x.device)]
