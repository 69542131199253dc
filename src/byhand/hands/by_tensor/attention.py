"""Multi-head self-attention, in the tensor hand: only the forward pass; autograd derives the backward pass.

Twins: ``by_numpy/attention.py``, where the backward pass is derived, and ``by_torch/attention.py``. Vaswani et al.
(2017).
"""

from __future__ import annotations

import math

from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.Attention)
def attention(settings: layers.Attention, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = [softmax(q k^T / sqrt(d)) v of all heads] W_o + b_o``."""
    W_qkv, b_qkv, W_o, b_o = parameters
    B, T, D = x.shape
    # q, k, v = x W_qkv + b_qkv                           (B, T, D) (D, 3 D) -> 3 times (B, heads, T, d)
    q, k, v = (x @ W_qkv + b_qkv).reshape(B, T, 3, settings.heads, -1).permute(2, 0, 3, 1, 4)
    # A = softmax(q k^T / sqrt(d))                        (T, d) (d, T) -> (T, T)
    A = (q @ k.mT / math.sqrt(D // settings.heads)).softmax(-1)
    # Z = A v                                             (T, T) (T, d) -> (T, d), the heads side by side
    Z = (A @ v).transpose(1, 2).reshape(B, T, D)
    # y = Z W_o + b_o                                     (B, T, D) (D, D) -> (B, T, D)
    y: Tensor = Z @ W_o + b_o
    return y
