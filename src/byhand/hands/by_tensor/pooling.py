"""Pooling, in the tensor hand. Twins: ``by_numpy/pooling.py``, ``by_torch/pooling.py``."""

from __future__ import annotations

from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.convolution import as_maps
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.MaxPool2d)
def max_pool2d(settings: layers.MaxPool2d, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """The largest of each block; of several equal ones the first, row by row, gets the gradient."""
    k = settings.size
    # (B, H', W', C, k, k), a view of blocks that do not overlap; what remains at the edges is in none
    blocks = as_maps(x).unfold(1, k, k).unfold(2, k, k).flatten(4)
    # `max` over an axis passes the gradient to one maximum, while `amax` would divide it among equal ones;
    # the first: (B, H', W', C, k k) -> (B, H', W', C, 1)
    first = (blocks == blocks.amax(-1, keepdim=True)).byte().argmax(-1, keepdim=True)
    return blocks.gather(-1, first)[..., 0]


@implements(layers.GlobalAveragePool)
def global_average_pool(settings: layers.GlobalAveragePool, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = sum_v x[v] / N`` over all positions of maps ``(H, W, C)``, or all steps of a sequence ``(T, D)``."""
    return x.flatten(1, -2).mean(1)  # (B, ..., C) -> (B, C)
