"""A bidirectional recurrence, in the textbook hand: forward, and the backward pass derived from it.

Two copies of a layer, each with its own parameters, read the sequence ``x_1 .. x_T``: F from its first step to its
last, G from its last to its first. With R, which reverses the order of steps, and is its own transpose::

    y  = [F(x), R G(R x)]          side by side, and without the outer R if only the last state leaves
    dx = F'^T dy_F + R G'^T R dy_G

So every step of the output knows what comes before it and what comes after it.

Twins: ``by_tensor/bidirectional.py``, ``by_torch/bidirectional.py``. Schuster & Paliwal (1997).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.layer import Container, Parameters, implements
from byhand.models import layers


def reversed_steps(y: Array) -> Array:
    """Reverse the order of the steps of ``(B, T, H)``; a single state ``(B, H)`` stays as it is."""
    return y[:, ::-1] if y.ndim == 3 else y


@implements(layers.Bidirectional)
class Bidirectional(Container):
    """``y = [F(x), R G(R x)]``."""

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        F, F_cache = self.branch(0, x, parameters, mode)
        G, G_cache = self.branch(1, x[:, ::-1], parameters, mode)
        # y = [F(x), R G(R x)]                           (B, T, H), (B, T, H) -> (B, T, 2 H)
        return np.concatenate((F, reversed_steps(G)), axis=-1), (F_cache, G_cache)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        F_cache, G_cache = cache
        dF, dG = np.split(dy, 2, axis=-1)
        dx_F, F_gradients = self.branch_backward(dF, F_cache)
        dx_G, G_gradients = self.branch_backward(reversed_steps(dG), G_cache)
        # dx = F'^T dy_F + R G'^T R dy_G
        return dx_F + dx_G[:, ::-1], (*F_gradients, *G_gradients)
