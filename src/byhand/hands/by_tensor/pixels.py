"""From pixels to numbers, in the tensor hand. Twins: ``by_numpy/pixels.py``, ``by_torch/pixels.py``."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from byhand.hands.by_tensor.layer import Mode, makes
from byhand.models import layers


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
    return x[:, places(about.indices, x.device)]


@lru_cache(maxsize=64)
def places(indices: tuple[int, ...], device: torch.device) -> Tensor:
    """Give indices as a tensor; made once, and for autograd too where a network that reads asks first."""
    with torch.inference_mode(False):
        return torch.tensor(indices, device=device)
