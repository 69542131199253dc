"""A network as it is when it reads, with a way back to its pixels, whichever hand it was built in.

The hands' backward passes are those of training: they end at the lowest weights, and batch normalisation goes by the
averages of the batch. A reading network's slope is found on a copy in the numpy hand without dropout, in which batch
normalisation is what it is while reading, one product and one sum for each channel::

    y = a x + (beta - a mu)        a = gamma / sqrt(var + epsilon)

and that is a 1x1 convolution with ``W = diag(a)``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.hands.by_fast.network import FastNetwork
from byhand.models.layers import BatchNorm2d, Conv2d, Dropout, Layer


def frozen(network: Network) -> FastNetwork:
    """Copy a network into the numpy hand as it is when it reads.

    Parameters
    ----------
    network
        Of any hand.

    Returns
    -------
    FastNetwork
        With the same logits, no state and no dropout. It shares no memory with `network`.

    Raises
    ------
    ByhandError
        If a layer of one's own keeps a state, or the numpy hand has not got it.
    """
    spec, values, state = network.spec, network.parameters(), network.state()
    layers, copied = list[Layer](), list[Array]()
    for about, learnt, kept in zip(spec.layers, spec.layer_parameters, spec.layer_state, strict=True):
        own = [values[parameter.name] for parameter in learnt]
        if isinstance(about, BatchNorm2d):
            own = _as_convolution(about, own, [state[parameter.name] for parameter in kept])
            about = Conv2d(len(own[1]), 1)  # noqa: PLW2901
        elif kept:
            raise ByhandError(
                f"{about.kind} keeps {', '.join(parameter.name for parameter in kept)} without learning it, and only "
                "BatchNorm2d's averages are known here; look at a network without it."
            )
        if not isinstance(about, Dropout):
            layers.append(about)
            copied += own
    copy = FastNetwork(dataclasses.replace(spec, layers=tuple(layers)), dtype=network.dtype.name)
    copy.load({parameter.name: value for parameter, value in zip(copy.spec.parameters, copied, strict=True)})
    return copy


def _as_convolution(about: BatchNorm2d, learnt: Sequence[Array], kept: Sequence[Array]) -> list[Array]:
    (gamma, beta), (mean, var) = learnt, kept
    a = gamma / np.sqrt(var + about.epsilon)
    return [np.diag(a)[None, None], beta - a * mean]
