"""The losses of the fast hand: from logits ``z`` to the mean loss and its gradient ``dz``, which overwrites the logits.

The equations are in ``by_numpy/losses.py``. Twins: ``by_tensor/losses.py``, ``by_torch/losses.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array


def softmax_cross_entropy(z: Array, labels: Array, smoothing: float) -> tuple[float, Array]:
    """Mean cross-entropy of the softmax; the gradient overwrites the logits."""
    B, K = z.shape
    rows = np.arange(B)
    # softmax(z) = softmax(z - max z), and exp of numbers up to 0 cannot overflow.
    z -= z.max(axis=1, keepdims=True)
    # sum_K t z = (1 - s) z_label + s mean_K z
    target = (1 - smoothing) * z[rows, labels] + smoothing * z.mean(axis=1)
    p = np.exp(z, out=z)
    total = p.sum(axis=1, keepdims=True)
    # L = mean_B( log sum_K exp(z) - sum_K t z )
    loss = np.mean(np.log(total[:, 0]) - target)
    # dz = (exp(z) / sum_K exp(z) - t) / B
    p /= total
    p -= z.dtype.type(smoothing / K)
    p[rows, labels] -= z.dtype.type(1 - smoothing)
    p *= z.dtype.type(1 / B)
    return float(loss), p


def sigmoid_cross_entropy(z: Array, labels: Array, smoothing: float) -> tuple[float, Array]:
    """Cross-entropies of the K sigmoids, summed, mean over the batch; the gradient overwrites the logits."""
    B, K = z.shape
    rows = np.arange(B)
    target = (1 - smoothing) * z[rows, labels] + smoothing * z.mean(axis=1)
    # L = mean_B( sum_K log(1 + exp(z)) - sum_K t z )
    loss = np.mean(np.logaddexp(0, z).sum(axis=1) - target)
    # dz = (sigma(z) - t) / B,   sigma(z) = (1 + tanh(z / 2)) / 2
    p = np.tanh(z * z.dtype.type(0.5), out=z)
    p *= z.dtype.type(0.5)
    p += z.dtype.type(0.5 - smoothing / K)
    p[rows, labels] -= z.dtype.type(1 - smoothing)
    p *= z.dtype.type(1 / B)
    return float(loss), p


LOSSES = {"softmax": softmax_cross_entropy, "sigmoid": sigmoid_cross_entropy}
