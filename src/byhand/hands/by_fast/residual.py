"""A residual connection, in the fast hand: the sum in the buffer of what the branch computed.

::

    y  = x + F(x)
    dx = dy + F'(x)^T dy

Twins: ``by_numpy/residual.py``, ``by_tensor/residual.py``, ``by_torch/residual.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import Container, implements
from byhand.models import layers


@implements(layers.Residual)
class Residual(Container):
    """``y = x + F(x)``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        F, (order,) = x, self.orders
        for layer in order:
            F = layer.forward(F, mode)
        # y = x + F(x)
        return np.add(x, F, out=self.buffers.like("y", F) if order[-1].output_needed else F)

    def backward(self, dy: Array) -> Array | None:
        # The branch may write over its dy.
        dx, kept, (order,) = dy, dy, self.orders
        if not order[-1].dy_kept:
            kept = self.buffers.like("dy", dy)
            np.copyto(kept, dy)
        for layer in reversed(order):
            dx = layer.backward(dx)  # type: ignore[assignment]  # None from the lowest alone
        # dx = dy + F'(x)^T dy
        return np.add(dx, kept, out=self.buffers.like("dx", dx) if dx is dy else dx)
