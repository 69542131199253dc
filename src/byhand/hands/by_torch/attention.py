"""Multi-head self-attention, in the torch hand: ``nn.MultiheadAttention``.

Twins: ``by_numpy/attention.py``, ``by_tensor/attention.py``. Vaswani et al. (2017).
"""

from __future__ import annotations

from torch import Tensor, nn

from byhand.hands.by_torch.layer import implements
from byhand.models import layers


class SelfAttention(nn.Module):
    """``nn.MultiheadAttention`` whose queries, keys and values are all made from the same sequence."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, D)`` to the same shape."""
        y: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return y


@implements(layers.Attention)
def attention(settings: layers.Attention, shape: layers.Shape) -> nn.Module:
    """``nn.MultiheadAttention``."""
    return SelfAttention(shape[1], settings.heads)
