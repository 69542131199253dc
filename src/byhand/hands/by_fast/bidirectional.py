"""A bidirectional recurrence, in the fast hand: both directions write into one buffer.

::

    y  = [F(x), R G(R x)]          where R reverses the order of steps
    dx = F'^T dy_F + R G'^T R dy_G

Twins: ``by_numpy/bidirectional.py``, ``by_tensor/bidirectional.py``, ``by_torch/bidirectional.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import Container, implements
from byhand.models import layers


def reversed_steps(y: Array) -> Array:
    """Reverse the order of the steps of ``(B, T, H)``; a single state ``(B, H)`` stays as it is."""
    return y[:, ::-1] if y.ndim == 3 else y


@implements(layers.Bidirectional)
class Bidirectional(Container):
    """``y = [F(x), R G(R x)]``."""

    def forward(self, x: Array, mode: Mode) -> Array:
        F, G = x, x[:, ::-1]
        for layer in self.orders[0]:
            F = layer.forward(F, mode)
        for layer in self.orders[1]:
            G = layer.forward(G, mode)
        # y = [F(x), R G(R x)]
        y = self.buffers.array("y", (*F.shape[:-1], 2 * F.shape[-1]))
        return np.concatenate((F, reversed_steps(G)), axis=-1, out=y)

    def backward(self, dy: Array) -> Array | None:
        H = dy.shape[-1] // 2
        dF, dG = dy[..., :H], reversed_steps(dy[..., H:])
        for onward, back in zip(*map(reversed, self.orders), strict=True):
            dF, dG = onward.backward(dF), back.backward(dG)
        # dx = F'^T dy_F + R G'^T R dy_G
        return np.add(dF, dG[:, ::-1], out=self.buffers.like("dx", dF))
