"""What logits mean under a loss: probabilities, and the mean loss of many pictures, the same for every hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def mean_loss(logits: Array, labels: Array, loss: str) -> float:
    """Mean loss without label smoothing, in float64.

    Parameters
    ----------
    logits
        ``(N, K)``.
    labels
        Integers ``(N,)``.
    loss
        ``"softmax"``: ``logsumexp(z) - z_label``; ``"sigmoid"``: ``sum_K log(1 + exp(z)) - z_label``.
    """
    # Reading needs probabilities alone and shall not wait for SciPy.
    from scipy.special import logsumexp

    z = logits.astype(np.float64)
    right = z[np.arange(len(z)), labels]
    total = logsumexp(z, axis=1) if loss == "softmax" else np.logaddexp(0, z).sum(axis=1)
    return float(np.mean(total - right))


def probabilities(logits: Array, loss: str) -> Array:
    """Probabilities ``(N, K)`` of the classes, float64: the softmax, or the sigmoids brought to the sum of one."""
    z = logits.astype(np.float64)
    # log sigma(z) = -log(1 + exp(-z)); in logarithms, so that ten tiny sigmoids still have a sum.
    log = z if loss == "softmax" else -np.logaddexp(0, -z)
    share: Array = np.exp(log - log.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    return share


def accuracy(logits: Array, labels: Array) -> float:
    """Share of pictures whose largest logit is their label's, from 0 to 1."""
    return float(np.mean(logits.argmax(axis=1) == labels))
