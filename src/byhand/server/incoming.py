"""What feeds each unit of a layer, as arrays to be shown."""

from __future__ import annotations

import numpy as np

from byhand.hands import Array, Network
from byhand.models.layers import GATES, Conv2d, Linear, Recurrent
from byhand.viz.inside.arrays.unit_weights import dense_on_pixels, on_pixels


def fed(network: Network, place: int) -> Array | None:
    """Give the weights into each unit of a layer.

    Parameters
    ----------
    network
        Of any hand.
    place
        Which of `Spec.layers`.

    Returns
    -------
    numpy.ndarray or None
        Units first. Of a dense layer that sees pixels ``(units, 28, 28)``, zero where a pixel was left out; of another
        ``(units, D)``. Of a convolution ``(channels, k, k, C)``. Of a recurrence ``(H, G, D)``: from each of D inputs
        into each of G gates, in the order of `byhand.models.layers.Recurrent`. Of others their parameters as columns,
        ``(units, n)``. ``None`` for a layer that learns nothing.
    """
    about, learnt = network.spec.layers[place], network.spec.layer_parameters[place]
    if not learnt:
        return None
    values = [np.asarray(network.parameters()[parameter.name]) for parameter in learnt]
    if isinstance(about, Conv2d):
        return np.moveaxis(values[0], -1, 0)
    if isinstance(about, Recurrent):
        return _by_unit(values[0], about)
    if isinstance(about, Linear):
        if place == dense_on_pixels(network):
            return np.nan_to_num(on_pixels(network, values[0].T, place))
        return values[0].T
    return np.stack([value.reshape(-1) for value in values], axis=1) if len({v.size for v in values}) == 1 else None


def fed_back(network: Network, place: int) -> Array | None:
    """Give the weights by which a recurrence's state feeds its next one.

    Parameters
    ----------
    network
        Of any hand.
    place
        Which of `Spec.layers`.

    Returns
    -------
    numpy.ndarray or None
        ``(H, G, H)``: units first, from each of H units into each of G gates. ``None`` for a layer that is none.
    """
    about = network.spec.layers[place]
    if not isinstance(about, Recurrent):
        return None
    _, W_hh, *_ = network.spec.layer_parameters[place]
    return _by_unit(np.asarray(network.parameters()[W_hh.name]), about)


def _by_unit(W: Array, about: Recurrent) -> Array:
    """Weights of a recurrence by the unit that they feed: ``(n, G H)`` to ``(H, G, n)``."""
    return W.reshape(-1, GATES[about.cell], about.hidden).transpose(2, 1, 0)
