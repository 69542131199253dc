"""Batch normalisation, in the torch hand: the library's own.

Twins: ``by_numpy/normalisation.py``, ``by_tensor/normalisation.py``.
"""

from __future__ import annotations

from torch import nn

from byhand.hands.by_torch.convolution import Channelled
from byhand.hands.by_torch.layer import Made, Twin, makes
from byhand.models import layers


@makes(layers.BatchNorm2d)
def batch_norm2d(about: layers.BatchNorm2d, shape: layers.Shape) -> Made:
    """Make ``nn.BatchNorm2d``; its count of batches, which the momentum makes idle, is not among ours."""
    module = nn.BatchNorm2d(shape[2] if len(shape) == 3 else 1, eps=about.epsilon, momentum=about.momentum)
    assert module.running_mean is not None and module.running_var is not None  # noqa: S101, PT018  # for mypy
    return Made(
        Channelled(module),
        (Twin(module.weight), Twin(module.bias)),
        (Twin(module.running_mean), Twin(module.running_var)),
    )
