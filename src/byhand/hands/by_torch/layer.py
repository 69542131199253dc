"""The layers of the torch hand: one function each, from a description to a module of the library.

Images enter as tensors ``(B, 28, 28)``; maps lie as the library has them, ``(B, C, H, W)``. Where our parameters lie in
the library's modules, ``parameters.py`` says. Twins: ``by_numpy/layer.py``, ``by_tensor/layer.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from byhand.hands.base import Registry
from byhand.models import layers

Make = Callable[[Any, layers.Shape], nn.Module]
"""``make(settings, shape)``: from a description and the shape that enters the layer to a module."""

implements: Registry[Make] = Registry("torch")
"""``@implements(layers.Linear)`` registers the function below it as this hand's implementation of a description."""


class Random(nn.Module):
    """A module that draws random numbers; the network gives it the run's generator before every training pass."""

    rng: np.random.Generator | None = None


def branch(settings: layers.Container, shape: layers.Shape) -> nn.Sequential:
    """Make one copy of the layers inside a container."""
    inner = settings.inner(shape)[: len(settings.layers)]
    return nn.Sequential(*(implements.find(layer)(layer, before) for layer, before, _ in inner))
