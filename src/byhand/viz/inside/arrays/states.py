"""Gates, states and predictions of a recurrent network after every row.

The textbook hand returns them: they are in the cache that its forward pass leaves for the backward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.metrics.losses import probabilities
from byhand.models.layers import Recurrent
from byhand.models.spec import Entry
from byhand.viz.inside.arrays.gradients import checked
from byhand.viz.inside.arrays.textbook import Textbook, passes

GATES = {"elman": (), "lstm": ("i", "f", "o", "g"), "gru": ("r", "z", "n")}
"""First values of each step in a recurrent layer's cache."""


def is_recurrent(network: Network) -> bool:
    """Whether a network reads row by row."""
    return any(isinstance(entry.layer, Recurrent) for entry in network.spec.entries)


def recurrences(network: Network) -> list[tuple[str, Recurrent, bool]]:
    """List the recurrent layers: name in `Spec.entries`, description, and whether it reads from the last row up."""
    return [(layer.name, layer.settings, layer.reverse) for layer in passes(network.spec, Recurrent)]


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
        For each recurrent layer by its name in `Spec.entries`, arrays ``(B, T, H)``: the state ``h`` of an Elman
        network; ``i``, ``f``, ``o``, ``g``, ``c`` and ``h`` of an LSTM; ``r``, ``z``, ``n`` and ``h`` of a GRU, in the
        notation of ``hands/by_numpy``. A layer that reads from the last row to the first has them in the order of the
        rows, too: after row t it has read that and all below.

    Raises
    ------
    ByhandError
        If no layer is recurrent, or the images have another shape.
    """
    _last_recurrent(network)
    book = Textbook(network, Recurrent)
    book.forward(checked(network, images))
    held = {}
    for layer in book.recorded:
        found = _unpacked(layer.settings.cell, layer.cache)
        held[layer.name] = {name: values[:, ::-1] for name, values in found.items()} if layer.reverse else found
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

    A recurrent network reads images of any number of rows: here those of the first row, of the first two, and so on.

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
    if isinstance(last.layer, Recurrent) and last.layer.every:
        raise ByhandError(
            f"{last.name} returns the states of all rows at once, so there is no prediction after each row; "
            "choose a network whose last recurrent layer has every = false.",
            code="look.every_state",
        )
    images, book = checked(network, images), Textbook(network)
    logits = [book.forward(images[:, : t + 1]) for t in range(images.shape[1])]
    return np.stack([probabilities(z, network.spec.loss) for z in logits], axis=1)


def _last_recurrent(network: Network) -> Entry:
    found = [entry for entry in network.spec.entries if isinstance(entry.layer, Recurrent)]
    if not found:
        raise ByhandError(
            "The network has no recurrent layer, so it has no state after each row; choose elman, lstm or gru.",
            code="look.not_recurrent",
        )
    return found[-1]
