"""The losses of the textbook hand: from logits ``z`` to the mean loss and its gradient ``dz``.

With targets t, one-hot rows that label smoothing s mixes with the uniform ``1 / K``::

    t = (1 - s) onehot + s / K

    softmax    L = mean_B( logsumexp(z) - sum_K t z )            dz = (softmax(z) - t) / B
    sigmoid    L = mean_B( sum_K log(1 + exp(z)) - t z )         dz = (sigma(z) - t) / B

Both are the gradient of a negative log-likelihood in its natural parameter, which is why they look alike: prediction
minus target. Twins: ``by_tensor/losses.py``, ``by_torch/losses.py``. Bishop (2006), sections 4.3.2 and 4.3.4.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_numpy.dense import sigmoid


def targets(z: Array, labels: Array, smoothing: float) -> Array:
    """``t = (1 - s) onehot + s / K``, as ``(B, K)``."""
    K = z.shape[1]
    t: Array = (1 - smoothing) * np.eye(K, dtype=z.dtype)[labels] + smoothing / K
    return t


def softmax_cross_entropy(z: Array, labels: Array, smoothing: float) -> tuple[float, Array]:
    """Mean cross-entropy of the softmax of logits ``(B, K)``, and its gradient."""
    t = targets(z, labels, smoothing)
    # softmax(z) = softmax(z - max z), and exp of numbers up to 0 cannot overflow.
    z = z - z.max(axis=1, keepdims=True)
    logsumexp = np.log(np.exp(z).sum(axis=1, keepdims=True))
    # L = mean_B( logsumexp(z) - sum_K t z ), where sum_K t = 1
    loss = (t * (logsumexp - z)).sum(axis=1).mean()
    # dz = (softmax(z) - t) / B
    return float(loss), (np.exp(z - logsumexp) - t) / len(z)


def sigmoid_cross_entropy(z: Array, labels: Array, smoothing: float) -> tuple[float, Array]:
    """Cross-entropies of K sigmoids, summed over classes, mean over the batch, and its gradient."""
    t = targets(z, labels, smoothing)
    # L = mean_B( sum_K log(1 + exp(z)) - t z )
    loss = (np.logaddexp(0, z) - t * z).sum(axis=1).mean()
    # dz = (sigma(z) - t) / B
    return float(loss), (sigmoid(z) - t) / len(z)


LOSSES = {"softmax": softmax_cross_entropy, "sigmoid": sigmoid_cross_entropy}
