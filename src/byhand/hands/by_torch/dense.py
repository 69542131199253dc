"""The multilayer perceptron's layers, in the torch hand: the library's own.

Twins: ``by_numpy/dense.py``, ``by_tensor/dense.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byhand.hands.base import dropout_mask
from byhand.hands.by_torch.layer import Random, implements
from byhand.models import layers


@implements(layers.Linear)
def linear(settings: layers.Linear, shape: layers.Shape) -> nn.Module:
    """``nn.Linear``."""
    return nn.Linear(shape[-1], settings.units)


@implements(layers.ReLU)
def relu(settings: layers.ReLU, shape: layers.Shape) -> nn.Module:
    """``nn.ReLU``."""
    return nn.ReLU()


@implements(layers.Sigmoid)
def sigmoid(settings: layers.Sigmoid, shape: layers.Shape) -> nn.Module:
    """``nn.Sigmoid``."""
    return nn.Sigmoid()


@implements(layers.Tanh)
def tanh(settings: layers.Tanh, shape: layers.Shape) -> nn.Module:
    """``nn.Tanh``."""
    return nn.Tanh()


@implements(layers.GELU)
def gelu(settings: layers.GELU, shape: layers.Shape) -> nn.Module:
    """``nn.GELU``, the exact one."""
    return nn.GELU()


class Dropout(Random):
    """``nn.Dropout``, except that the run's generator draws the mask, so that all hands drop the same values."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """``(B, ...)`` to the same shape."""
        if not self.training or self.rng is None or self.rate == 0:
            return x
        kept = torch.from_numpy(dropout_mask(self.rng, tuple(x.shape), self.rate))
        return x * (kept.to(x) / (1 - self.rate))


@implements(layers.Dropout)
def dropout(settings: layers.Dropout, shape: layers.Shape) -> nn.Module:
    """Dropout with the run's generator."""
    return Dropout(settings.rate)
