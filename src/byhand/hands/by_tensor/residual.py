"""A residual connection, in the tensor hand: only the forward pass; autograd derives the backward pass.

Twins: ``by_numpy/residual.py``, where the backward pass is derived, and ``by_torch/residual.py``. He et al. (2016).
"""

from __future__ import annotations

from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, branch, implements
from byhand.models import layers


@implements(layers.Residual)
def residual(settings: layers.Residual, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = x + F(x)``."""
    return x + branch(settings, 0, x, parameters, mode)
