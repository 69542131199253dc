"""Batch normalisation, in the tensor hand: the forward pass alone; autograd knows the way back.

Twins: ``by_numpy/normalisation.py``, where the way back is derived, and ``by_torch/normalisation.py``.
"""

from __future__ import annotations

from torch import Tensor

from byhand.hands.by_tensor.convolution import maps
from byhand.hands.by_tensor.layer import Mode, makes
from byhand.models import layers


@makes(layers.BatchNorm2d)
def batch_norm2d(about: layers.BatchNorm2d, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``y = gamma (x - mean) / sqrt(var + epsilon) + beta``, mean and var of each channel over batch and places."""
    gamma, beta = values
    x = maps(x)
    if not mode.training:
        mean, var = mode.state
        return (x - mean) * (gamma / (var + about.epsilon).sqrt()) + beta
    N = x.numel() // x.shape[-1]
    mean = x.mean((0, 1, 2))
    centred = x - mean
    var = (centred * centred).mean((0, 1, 2))
    # running <- running + momentum (batch - running), with the unbiased variance N / (N - 1) var
    running_mean, running_var = mode.state
    running_mean.lerp_(mean.detach(), about.momentum)
    running_var.lerp_(var.detach() * (N / max(1, N - 1)), about.momentum)
    return centred * (gamma / (var + about.epsilon).sqrt()) + beta
