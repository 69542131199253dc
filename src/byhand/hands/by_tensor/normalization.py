"""Batch and layer normalization, in the tensor hand: only the forward pass; autograd derives the backward pass.

Twins: ``by_numpy/normalization.py``, where the backward pass is derived, and ``by_torch/normalization.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from byhand.hands.base import Mode
from byhand.hands.by_tensor.convolution import as_maps
from byhand.hands.by_tensor.layer import Parameters, implements
from byhand.models import layers


@implements(layers.BatchNorm1d)
def batch_norm1d(settings: layers.BatchNorm1d, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``, mu and var over all axes but the last."""
    gamma, beta, running_mean, running_var = parameters
    if mode.training:
        axes, N = tuple(range(x.dim() - 1)), x[..., 0].numel()
        mu, var = x.mean(axes), x.var(axes, correction=0)
        # running <- running + momentum (batch - running), with the unbiased variance N / (N - 1) var
        with torch.no_grad():
            running_mean += settings.momentum * (mu - running_mean)
            running_var += settings.momentum * (var * (N / max(1, N - 1)) - running_var)
    else:
        mu, var = running_mean, running_var
    # y = gamma (x - mu) / sqrt(var + epsilon) + beta
    return gamma * (x - mu) / (var + settings.epsilon).sqrt() + beta


@implements(layers.BatchNorm2d)
def batch_norm2d(settings: layers.BatchNorm2d, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """The same over batch and positions."""
    return batch_norm1d(settings, as_maps(x), parameters, mode)


@implements(layers.LayerNorm)
def layer_norm(settings: layers.LayerNorm, x: Tensor, parameters: Parameters, mode: Mode) -> Tensor:
    """``y = gamma (x - mu) / sqrt(var + epsilon) + beta``, mu and var over the last axis."""
    gamma, beta = parameters
    mu, var = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
    return gamma * (x - mu) / (var + settings.epsilon).sqrt() + beta
