"""Mean loss, probabilities and accuracy from logits."""

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
    # Imported here, because the reader needs only `probabilities` and should not wait for SciPy.
    from scipy.special import logsumexp

    z = logits.astype(np.float64)
    z_label = z[np.arange(len(z)), labels]
    total = logsumexp(z, axis=1) if loss == "softmax" else np.logaddexp(0, z).sum(axis=1)
    return float(np.mean(total - z_label))


def probabilities(logits: Array, loss: str) -> Array:
    """Class probabilities ``(N, K)`` in float64: the softmax, or the sigmoids divided by their sum."""
    z = logits.astype(np.float64)
    # log sigmoid(z) = -log(1 + exp(-z)); with logarithms, ten tiny sigmoids do not underflow to a sum of 0.
    log = z if loss == "softmax" else -np.logaddexp(0, -z)
    p: Array = np.exp(log - log.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p


def accuracy(logits: Array, labels: Array) -> float:
    """Fraction of images whose largest logit is their label's, from 0 to 1."""
    return float(np.mean(logits.argmax(axis=1) == labels))
