"""The common part of the textbook recurrences; ``elman.py``, ``lstm.py`` and ``gru.py`` are the layers."""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array


def last_step_alone(dy: Array, T: int) -> Array:
    """Give the gradient to the last state as one to all T, which is zero for the others: ``(B, H) -> (B, T, H)``."""
    dys = np.zeros((len(dy), T, dy.shape[1]), dy.dtype)
    dys[:, -1] = dy
    return dys
