"""A residual connection, in the textbook hand: forward, and the backward pass derived from it.

A branch F is added to its own input. Its derivative is the identity plus that of the branch, so a gradient reaches the
layers below undiminished however many branches are passed, which is why networks of hundreds of layers learn::

    y  = x + F(x)
    dx = dy + F'(x)^T dy

Twins: ``by_tensor/residual.py``, ``by_torch/residual.py``. He et al. (2016).
"""

from __future__ import annotations

from typing import Any

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.layer import Container, Parameters, implements
from byhand.models import layers


@implements(layers.Residual)
class Residual(Container):
    """``y = x + F(x)``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        F, cache = self.branch(0, x, parameters, mode)
        # y = x + F(x)
        return x + F, cache

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        dx, gradients = self.branch_backward(dy, cache)
        # dx = dy + F'(x)^T dy
        return dy + dx, gradients
