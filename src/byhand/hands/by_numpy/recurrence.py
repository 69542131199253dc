"""The common part of the textbook recurrences; ``elman.py``, ``lstm.py`` and ``gru.py`` are the layers."""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array


def at_last_step(dy: Array, T: int) -> Array:
    """Extend the gradient of the last state to all T states, with zeros for the others: ``(B, H) -> (B, T, H)``."""
    dys = np.zeros((len(dy), T, dy.shape[1]), dy.dtype)
    dys[:, -1] = dy
    return dys
