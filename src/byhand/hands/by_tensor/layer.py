"""The layers of the tensor hand: one function each.

``forward(settings, x, parameters, mode)`` takes the layer's description, the input ``(B, ...)``, and what the layer
learns followed by its state, and returns the output. Twins: ``by_numpy/layer.py``, ``by_torch/layer.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from byhand.hands.base import Mode, Registry
from byhand.models import layers

Parameters = tuple[Tensor, ...]
Forward = Callable[[Any, Tensor, Parameters, Mode], Tensor]

implements: Registry[Forward] = Registry("tensor")
"""``@implements(layers.Linear)`` registers the function below it as this hand's implementation of a description."""


def branch(settings: layers.Container, copy: int, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """Pass one copy of the layers inside a container, given all its parameters."""
    parts = settings.divided(tuple(x.shape[1:]), parameters)[copy * len(settings.layers) :]
    for inner, own in zip(settings.layers, parts, strict=False):
        x = implements.find(inner)(inner, x, own, mode)
    return x
