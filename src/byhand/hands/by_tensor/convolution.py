"""Convolution, in the tensor hand: all windows side by side, and one product; autograd knows the way back.

Twins: ``by_numpy/convolution.py``, where the way back is derived, and ``by_torch/convolution.py``.
"""

from __future__ import annotations

from torch import Tensor

from byhand.hands.by_tensor.layer import Mode, makes
from byhand.models import layers


def maps(x: Tensor) -> Tensor:
    """A picture ``(B, H, W)`` as the map of one channel that it is, ``(B, H, W, 1)``; maps pass."""
    return x[..., None] if x.dim() == 3 else x


def padded(x: Tensor, p: int) -> Tensor:
    """``(B, H, W, C) -> (B, H + 2p, W + 2p, C)``, zeros around."""
    if p == 0:
        return x
    B, H, W, C = x.shape
    frame = x.new_zeros(B, H + 2 * p, W + 2 * p, C)
    frame[:, p : p + H, p : p + W] = x
    return frame


@makes(layers.Conv2d)
def conv2d(about: layers.Conv2d, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y[h, w] = sum_ij x[s h + i - p, s w + j - p] W[i, j] + b``."""
    W, b = values
    k, s = about.kernel, about.stride
    C, O = W.shape[2:]  # noqa: E741
    # (B, H', W', C, k, k), a view: the window that lies under the kernel at every place
    windows = padded(maps(x), about.padding).unfold(1, k, s).unfold(2, k, s)
    # (B, H', W', k k C) (k k C, O) -> (B, H', W', O)
    return windows.permute(0, 1, 2, 4, 5, 3).flatten(3) @ W.reshape(k * k * C, O) + b
