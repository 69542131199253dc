"""The multilayer perceptron's layers, in the tensor hand: the forward pass alone; autograd knows the way back.

Twins: ``by_numpy/dense.py``, where the way back is derived, and ``by_torch/dense.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import dropout_mask
from byhand.hands.by_tensor.layer import Mode, makes
from byhand.models import layers


@makes(layers.Linear)
def linear(about: layers.Linear, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = x W + b``."""
    W, b = values
    return x @ W + b  # (B, D) (D, H) -> (B, H)


@makes(layers.ReLU)
def relu(about: layers.ReLU, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = max(x, 0)``."""
    return x.relu()


@makes(layers.Sigmoid)
def sigmoid(about: layers.Sigmoid, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = 1 / (1 + exp(-x))``."""
    return x.sigmoid()


@makes(layers.Tanh)
def tanh(about: layers.Tanh, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = tanh(x)``."""
    return x.tanh()


@makes(layers.Dropout)
def dropout(about: layers.Dropout, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = x m``, where m is 0 with probability `rate` and else ``1 / (1 - rate)``."""
    if mode.rng is None or about.rate == 0:
        return x
    kept = torch.from_numpy(dropout_mask(mode.rng, tuple(x.shape), about.rate))
    return x * (kept.to(x) * (1 / (1 - about.rate)))
