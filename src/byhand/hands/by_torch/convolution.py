"""Convolution, in the torch hand: the library's own.

The library counts maps ``(B, C, H, W)`` and kernels ``(O, C, k, k)``; we count ``(B, H, W, C)`` and ``(k, k, C, O)``.
Twins: ``by_numpy/convolution.py``, ``by_tensor/convolution.py``.
"""

from __future__ import annotations

from torch import Tensor, nn

from byhand.hands.by_torch.layer import Made, Twin, makes
from byhand.models import layers


class Channelled(nn.Module):
    """A picture ``(B, H, W)`` as the map of one channel that it is; maps pass."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """``(B, H, W)`` or ``(B, C, H, W)`` to what the module makes of ``(B, C, H, W)``."""
        y: Tensor = self.module(x.unsqueeze(1) if x.dim() == 3 else x)
        return y


@makes(layers.Conv2d)
def conv2d(about: layers.Conv2d, shape: layers.Shape) -> Made:
    """Make ``nn.Conv2d``."""
    channels = shape[2] if len(shape) == 3 else 1
    module = nn.Conv2d(channels, about.channels, about.kernel, about.stride, about.padding)

    def to_ours(W: Tensor) -> Tensor:
        return W.permute(2, 3, 1, 0)  # (O, C, k, k) -> (k, k, C, O)

    def to_theirs(W: Tensor) -> Tensor:
        return W.permute(3, 2, 0, 1)  # (k, k, C, O) -> (O, C, k, k)

    values = (Twin(module.weight, to_ours, to_theirs), Twin(module.bias))  # type: ignore[arg-type]
    return Made(Channelled(module), values)
