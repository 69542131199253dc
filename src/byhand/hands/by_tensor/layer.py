"""The layers of the tensor hand: one function each.

``forward(settings, x, parameters, mode)`` takes the layer's description, the input ``(B, ...)``, and what the layer
learns followed by its state, and returns the output. Twins: ``by_numpy/layer.py``, ``by_torch/layer.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from byhand.hands.base import Mode, Registry

Parameters = tuple[Tensor, ...]
Forward = Callable[[Any, Tensor, Parameters, Mode], Tensor]

implements: Registry[Forward] = Registry("tensor")
"""``@implements(layers.Linear)`` registers the function below it as this hand's implementation of a description."""
