"""The multilayer perceptron's layers, in the tensor hand: only the forward pass; autograd derives the backward pass.

Twins: ``by_numpy/dense.py``, where the backward pass is derived, and ``by_torch/dense.py``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from byhand.hands.base import Mode, dropout_mask
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.Linear)
def linear(settings: layers.Linear, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = x W + b``."""
    W, b = parameters
    return x @ W + b  # (B, D) (D, H) -> (B, H), or (B, T, D) (D, H) -> (B, T, H)


@implements(layers.ReLU)
def relu(settings: layers.ReLU, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = max(x, 0)``."""
    return x.relu()


@implements(layers.Sigmoid)
def sigmoid(settings: layers.Sigmoid, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = 1 / (1 + exp(-x))``."""
    return x.sigmoid()


@implements(layers.Tanh)
def tanh(settings: layers.Tanh, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = tanh(x)``."""
    return x.tanh()


@implements(layers.GELU)
def gelu(settings: layers.GELU, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = x Phi(x)`` with ``Phi(x) = (1 + erf(x / sqrt 2)) / 2``."""
    return x * (0.5 + 0.5 * (x / math.sqrt(2)).erf())


@implements(layers.Dropout)
def dropout(settings: layers.Dropout, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = x m``, where m is 0 with probability `rate` and else ``1 / (1 - rate)``."""
    if mode.rng is None or settings.rate == 0:
        return x
    kept = torch.from_numpy(dropout_mask(mode.rng, tuple(x.shape), settings.rate))
    return x * (kept.to(x) / (1 - settings.rate))
