"""Arrays as JSON, rounded and flat, and the weights into each unit of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands import Array, Network
from byhand.models.layers import GATES, Conv2d, Linear, Recurrent
from byhand.viz.inside.arrays.unit_weights import dense_on_pixels, on_pixels

DIGITS = 4


def rounded(values: Array) -> list[float]:
    """Flatten finite numbers in C order, and round them to four significant digits."""
    flat = np.asarray(values, np.float64).ravel()
    size = np.abs(flat)
    # Values below 1e-12 become 0; powers of ten beyond 1e22 are no longer exact.
    power = np.floor(np.log10(np.where(size < 1e-12, 1.0, size)))
    scale = np.minimum(10.0 ** np.abs(DIGITS - 1 - power), 1e22)
    up = power <= DIGITS - 1
    near = np.where(up, np.rint(flat * np.where(up, scale, 1)) / scale, np.rint(flat / scale) * scale)
    # Adding 0 turns -0 into 0.
    result: list[float] = (np.where(size < 1e-12, 0.0, near) + 0.0).tolist()
    return result


def described(values: Array, name: str = "values") -> dict[str, Any]:
    """Describe an array: shape, smallest and largest value, and under `name` its rounded values."""
    low, high = rounded(np.array([values.min(), values.max()]))
    return {"shape": list(values.shape), "low": low, "high": high, name: rounded(values)}


def unit_inputs(network: Network, index: int) -> Array | None:
    """Return the weights into each unit of a layer.

    Parameters
    ----------
    network
        A network of any hand.
    index
        Index in `Spec.layers`.

    Returns
    -------
    numpy.ndarray or None
        Units first. For a dense layer on pixels ``(units, 28, 28)``, 0 where `Select` dropped a pixel; for any other
        ``(units, D)``. For a convolution ``(channels, k, k, C)``. For a recurrence ``(H, G, D)``: from each of D inputs
        into each of G gates, in the order of `byhand.models.layers.Recurrent`. For others their parameters as columns,
        ``(units, n)``. ``None`` for a layer without parameters.
    """
    layer, parameters = network.spec.layers[index], network.spec.layer_parameters[index]
    if not parameters:
        return None
    values = [np.asarray(network.parameters()[parameter.name]) for parameter in parameters]
    if isinstance(layer, Conv2d):
        return np.moveaxis(values[0], -1, 0)
    if isinstance(layer, Recurrent):
        return _by_unit(values[0], layer)
    if isinstance(layer, Linear):
        if index == dense_on_pixels(network):
            return np.nan_to_num(on_pixels(network, values[0].T, index))
        return values[0].T
    return np.stack([value.reshape(-1) for value in values], axis=1) if len({v.size for v in values}) == 1 else None


def recurrent_inputs(network: Network, index: int) -> Array | None:
    """Return a recurrence's weights from its last state, ``(H, G, H)``: units first, from each unit into each gate."""
    layer = network.spec.layers[index]
    if not isinstance(layer, Recurrent):
        return None
    _, W_hh, *_ = network.spec.layer_parameters[index]
    return _by_unit(np.asarray(network.parameters()[W_hh.name]), layer)


def _by_unit(W: Array, layer: Recurrent) -> Array:
    """Rearrange a recurrence's weights ``(n, G H)`` to ``(H, G, n)``."""
    return W.reshape(-1, GATES[layer.cell], layer.hidden).transpose(2, 1, 0)
