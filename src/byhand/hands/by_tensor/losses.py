"""The losses of the tensor hand: logits ``z (B, K)`` to their mean.

Twins: ``by_numpy/losses.py``, ``by_torch/losses.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor


def softmax_cross_entropy(z: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """``mean_B( logsumexp(z) - sum_K t z )`` with ``t = (1 - s) onehot + s / K``."""
    target = (1 - smoothing) * z.gather(1, labels[:, None])[:, 0]
    if smoothing:
        target = target + smoothing * z.mean(1)
    return (z.logsumexp(1) - target).mean()


def sigmoid_cross_entropy(z: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """``mean_B( sum_K log(1 + exp(z)) - t z )``."""
    target = (1 - smoothing) * z.gather(1, labels[:, None])[:, 0]
    if smoothing:
        target = target + smoothing * z.mean(1)
    return (torch.logaddexp(z, torch.zeros_like(z)).sum(1) - target).mean()


LOSSES = {"softmax": softmax_cross_entropy, "sigmoid": sigmoid_cross_entropy}
