"""Convolution, in the tensor hand: all windows side by side, and one product; autograd derives the backward pass.

Twins: ``by_numpy/convolution.py``, where the backward pass is derived, and ``by_torch/convolution.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


def as_maps(x: Tensor) -> Tensor:
    """View pictures ``(B, H, W)`` as maps of one channel ``(B, H, W, 1)``; maps ``(B, H, W, C)`` stay as they are."""
    return x if x.dim() == 4 else x[..., None]


@implements(layers.Conv2d)
def conv2d(settings: layers.Conv2d, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y[h, w] = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b``."""
    W, b = parameters
    k, _, C, O = W.shape  # noqa: E741
    s, p = settings.stride, settings.padding
    padded = torch.constant_pad_nd(as_maps(x), (0, 0, p, p, p, p))
    # The window under the kernel at every output: (B, H + 2p, W + 2p, C) -> (B, H', W', C, k, k), a view
    windows = padded.unfold(1, k, s).unfold(2, k, s)
    P = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)
    # y = P W + b                                         (B, H', W', k k C) (k k C, O) -> (B, H', W', O)
    return P @ W.reshape(k * k * C, O) + b
