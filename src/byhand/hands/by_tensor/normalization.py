"""Batch normalization, in the tensor hand: only the forward pass; autograd derives the backward pass.

Twins: ``by_numpy/normalization.py``, where the backward pass is derived, and ``by_torch/normalization.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.convolution import as_maps
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.BatchNorm2d)
def batch_norm2d(settings: layers.BatchNorm2d, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``, mu and var of each channel over batch and positions."""
    gamma, beta, running_mean, running_var = parameters
    x = as_maps(x)
    if mode.training:
        mu, var, N = x.mean((0, 1, 2)), x.var((0, 1, 2), correction=0), x[..., 0].numel()
        # running <- running + momentum (batch - running), with the unbiased variance N / (N - 1) var
        with torch.no_grad():
            running_mean += settings.momentum * (mu - running_mean)
            running_var += settings.momentum * (var * (N / max(1, N - 1)) - running_var)
    else:
        mu, var = running_mean, running_var
    # y = gamma (x - mu) / sqrt(var + epsilon) + beta
    return gamma * (x - mu) / (var + settings.epsilon).sqrt() + beta
