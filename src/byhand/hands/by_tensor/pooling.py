"""Pooling, in the tensor hand. Twins: ``by_numpy/pooling.py``, ``by_torch/pooling.py``."""

from __future__ import annotations

from torch import Tensor

from byhand.hands.by_tensor.convolution import maps
from byhand.hands.by_tensor.layer import Mode, makes
from byhand.models import layers


@makes(layers.MaxPool2d)
def max_pool2d(about: layers.MaxPool2d, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """The largest of each block; of several equal ones the first, row by row, gets the gradient."""
    k = about.size
    # (B, H', W', C, k, k), a view of blocks that do not overlap; a rest at the edges is in none
    blocks = maps(x).unfold(1, k, k).unfold(2, k, k).flatten(4)
    # `max` over an axis names one winner and sends it the gradient, where `amax` would share it among equals;
    # the first: (B, H', W', C, k k) -> (B, H', W', C, 1)
    first = (blocks == blocks.amax(-1, keepdim=True)).byte().argmax(-1, keepdim=True)
    return blocks.gather(-1, first)[..., 0]
