"""Gates, states and predictions of a recurrent network after every row.

The textbook hand returns them: they are in the cache that its forward pass leaves for the backward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.cpu import blas_threads
from byhand.errors import ByhandError
from byhand.hands.base import READING, Array, Network
from byhand.metrics.losses import probabilities
from byhand.models.layers import Recurrent
from byhand.viz.inside.arrays.gradients import checked, textbook_layers

GATES = {"elman": (), "lstm": ("i", "f", "o", "g"), "gru": ("r", "z", "n")}
"""First values of each step in a recurrent layer's cache."""


def is_recurrent(network: Network) -> bool:
    """Whether a network reads row by row."""
    return any(isinstance(layer, Recurrent) for layer in network.spec.layers)


def gates(network: Network, images: Array) -> dict[str, dict[str, Array]]:
    """Compute what every recurrent layer holds after every row.

    Parameters
    ----------
    network
        A network of any hand, with a recurrent layer.
    images
        uint8 ``(B, 28, 28)``.

    Returns
    -------
    dict
        For each recurrent layer by its name in `Spec.layer_names`, arrays ``(B, T, H)``: the state ``h`` of an Elman
        network; ``i``, ``f``, ``o``, ``g``, ``c`` and ``h`` of an LSTM; ``r``, ``z``, ``n`` and ``h`` of a GRU, in the
        notation of ``hands/by_numpy``.

    Raises
    ------
    ByhandError
        If no layer is recurrent, or the images have another shape.
    """
    stop = _last_recurrent(network) + 1
    x, held = checked(network, images).astype(network.dtype), {}
    for name, (layer, parameters) in list(zip(network.spec.layer_names, textbook_layers(network), strict=True))[:stop]:
        with blas_threads():
            x, cache = layer.forward(x, parameters, READING)
        if isinstance(layer.settings, Recurrent):
            held[name] = _unpacked(layer.settings.cell, cache)
    return held


def _unpacked(cell: str, cache: Any) -> dict[str, Array]:
    """Return what the cache of a recurrent layer holds, ``(B, T, H)`` each."""
    states = {"h": cache[1][:, 1:]}
    if not GATES[cell]:
        return states
    columns = [np.stack(column, axis=1) for column in zip(*cache[2], strict=True)]
    found = dict(zip(GATES[cell], columns, strict=False))
    if cell == "lstm":
        # c_t = f c_t-1 + i g
        found["c"] = found["f"] * columns[4] + found["i"] * found["g"]
    return found | states


def hidden_states(network: Network, images: Array) -> dict[str, Array]:
    """Compute the state of every recurrent layer after every row, ``(B, T, H)``, as `gates` does."""
    return {name: held["h"] for name, held in gates(network, images).items()}


def probabilities_by_row(network: Network, images: Array) -> Array:
    """Compute what the network would predict if the image ended after each row.

    The layers above the last recurrence receive its state after every row instead of its last state.

    Parameters
    ----------
    network
        A network of any hand, with a recurrent layer.
    images
        uint8 ``(B, 28, 28)``.

    Returns
    -------
    numpy.ndarray
        float64 ``(B, T, K)``: probabilities of the classes after each of T rows.

    Raises
    ------
    ByhandError
        If no layer is recurrent, the last one returns all its states, or the images have another shape.
    """
    last = _last_recurrent(network)
    settings, name = network.spec.layers[last], network.spec.layer_names[last]
    if isinstance(settings, Recurrent) and settings.every:
        raise ByhandError(
            f"{name} returns the states of all rows at once, so there is no prediction after each row; "
            "choose a network whose last recurrent layer has every = false.",
            code="look.every_state",
        )
    h = hidden_states(network, images)[name]
    B, T, H = h.shape
    x = h.reshape(B * T, H)
    for layer, parameters in textbook_layers(network)[last + 1 :]:
        with blas_threads():
            x, _ = layer.forward(x, parameters, READING)
    return probabilities(x, network.spec.loss).reshape(B, T, -1)


def _last_recurrent(network: Network) -> int:
    indices = [index for index, layer in enumerate(network.spec.layers) if isinstance(layer, Recurrent)]
    if not indices:
        raise ByhandError(
            "The network has no recurrent layer, so it has no state after each row; choose elman, lstm or gru.",
            code="look.not_recurrent",
        )
    return indices[-1]
