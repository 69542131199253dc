"""The multilayer perceptron's layers, in the torch hand: the library's own.

Twins: ``by_numpy/dense.py``, ``by_tensor/dense.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byhand.hands.base import dropout_mask
from byhand.hands.by_torch.layer import Drawing, Made, Twin, makes
from byhand.models import layers


@makes(layers.Linear)
def linear(about: layers.Linear, shape: layers.Shape) -> Made:
    """Make ``nn.Linear``, which keeps W transposed."""
    module = nn.Linear(shape[0], about.units)
    return Made(module, (Twin(module.weight, Tensor.t, Tensor.t), Twin(module.bias)))


@makes(layers.ReLU)
def relu(about: layers.ReLU, shape: layers.Shape) -> Made:
    """Make ``nn.ReLU``."""
    return Made(nn.ReLU())


@makes(layers.Sigmoid)
def sigmoid(about: layers.Sigmoid, shape: layers.Shape) -> Made:
    """Make ``nn.Sigmoid``."""
    return Made(nn.Sigmoid())


@makes(layers.Tanh)
def tanh(about: layers.Tanh, shape: layers.Shape) -> Made:
    """Make ``nn.Tanh``."""
    return Made(nn.Tanh())


class Dropout(Drawing):
    """``nn.Dropout``, except that the mask comes from the run's stream, so that all hands drop the same values."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """``(B, ...)`` to the same shape."""
        if self.rng is None or self.rate == 0:
            return x
        kept = torch.from_numpy(dropout_mask(self.rng, tuple(x.shape), self.rate))
        return x * (kept.to(x) * (1 / (1 - self.rate)))


@makes(layers.Dropout)
def dropout(about: layers.Dropout, shape: layers.Shape) -> Made:
    """Make dropout that draws from the run's stream."""
    return Made(Dropout(about.rate))
