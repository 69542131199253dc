"""A bidirectional recurrence, in the tensor hand: only the forward pass; autograd derives the backward pass.

Twins: ``by_numpy/bidirectional.py``, where the backward pass is derived, and ``by_torch/bidirectional.py``. Schuster &
Paliwal (1997).
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, branch, implements
from byhand.models import layers


@implements(layers.Bidirectional)
def bidirectional(settings: layers.Bidirectional, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = [F(x), R G(R x)]``, where R reverses the order of steps."""
    F = branch(settings, 0, x, parameters, mode)
    G = branch(settings, 1, x.flip(1), parameters, mode)
    return torch.cat((F, G.flip(1) if G.dim() == 3 else G), -1)
