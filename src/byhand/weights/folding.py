"""Batch normalisation folded into the convolution under it: the same function when it reads, in one layer less.

While reading, normalisation is ``a x + (beta - a mu)`` for each channel, with ``a = gamma / sqrt(var + epsilon)``, and
a convolution under it is linear::

    a (x * W + b) + beta - a mu  =  x * (a W)  +  (a (b - mu) + beta)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from byhand.hands import Array
from byhand.models.layers import BatchNorm2d, Conv2d, Layer
from byhand.models.spec import Spec


def folded(spec: Spec, values: Mapping[str, Array]) -> tuple[Spec, dict[str, Array]]:
    """Fold every normalisation that follows a convolution into it.

    Parameters
    ----------
    spec, values
        A network, with its parameters and state by name.

    Returns
    -------
    Spec, dict
        The network that reads the same, and its values in float64; those that nothing was folded into are as they were.
    """
    layers, parts = list[Layer](), list[Array]()
    for layer, learnt, kept in zip(spec.layers, spec.layer_parameters, spec.layer_state, strict=True):
        own = [np.asarray(values[parameter.name]) for parameter in (*learnt, *kept)]
        if isinstance(layer, BatchNorm2d) and layers and isinstance(layers[-1], Conv2d):
            gamma, beta, mean, variance = (value.astype(np.float64) for value in own)
            # a = gamma / sqrt(var + epsilon)
            a = gamma / np.sqrt(variance + layer.epsilon)
            # W <- a W,   b <- a (b - mu) + beta
            parts[-2:] = [a * parts[-2], a * (parts[-1] - mean) + beta]
            continue
        layers.append(layer)
        parts += own
    made = dataclasses.replace(spec, layers=tuple(layers))
    named = zip(made.layer_parameters, made.layer_state, strict=True)
    names = [parameter.name for learnt, kept in named for parameter in (*learnt, *kept)]
    return made, dict(zip(names, parts, strict=True))
