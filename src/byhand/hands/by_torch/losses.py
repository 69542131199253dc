"""The losses of the torch hand: the library's. Twins: ``by_numpy/losses.py``, ``by_tensor/losses.py``."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def softmax_cross_entropy(z: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """``F.cross_entropy``, logits ``(B, K)``."""
    return F.cross_entropy(z, labels, label_smoothing=smoothing)


def sigmoid_cross_entropy(z: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """``F.binary_cross_entropy_with_logits``, summed over the classes, mean over the batch."""
    K = z.shape[1]
    targets = F.one_hot(labels, K).to(z) * (1 - smoothing) + smoothing / K
    return F.binary_cross_entropy_with_logits(z, targets, reduction="sum") / len(z)


LOSSES = {"softmax": softmax_cross_entropy, "sigmoid": sigmoid_cross_entropy}
