"""What a recurrent network holds after every row it has read: gates, states, and what it would answer.

The equations of ``hands/by_numpy/``, read from the weights and the layer's input, so that every hand can be looked at::

    Elman    h = tanh(x W_xh + h' W_hh + b_h)                                       h' the state one row before

    LSTM     i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)      g = tanh(a_g)        a = x W_xh + b_xh + h' W_hh + b_hh
             c = f c' + i g                                    h = o tanh(c)

    GRU      r, z = sigma(a_r), sigma(a_z)                     n = tanh(x W_xn + b_xn + r (h' W_hn + b_hn))
             h = (1 - z) n + z h'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import expit

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.hands.by_fast.layer import READING
from byhand.metrics.losses import probabilities
from byhand.models.layers import Recurrent
from byhand.viz.inside.arrays.gradients import checked
from byhand.viz.inside.arrays.replica import frozen

State = dict[str, Array]
"""Values of one row, ``(B, H)`` each."""


def is_recurrent(network: Network) -> bool:
    """Whether a network reads row by row."""
    return any(isinstance(layer, Recurrent) for layer in network.spec.layers)


def gates(network: Network, images: Array) -> dict[str, dict[str, Array]]:
    """Compute what every recurrent layer holds after every row.

    Parameters
    ----------
    network
        Of any hand, with a recurrent layer.
    images
        uint8 ``(B, 28, 28)``.

    Returns
    -------
    dict
        For each recurrent layer by its name in `Spec.layer_names`, arrays ``(B, T, H)``, T rows and H hidden units: the
        state ``h`` alone for Elman's; ``i``, ``f``, ``o``, ``g``, ``c`` and ``h`` for an LSTM; ``r``, ``z``, ``n`` and
        ``h`` for a GRU.

    Raises
    ------
    ByhandError
        If no layer is recurrent, or the pictures are of another shape.
    """
    _last_recurrent(network)
    images = checked(network, images)
    spec, seen, values = network.spec, network.activations(images), network.parameters()
    found = {}
    entering = images
    for about, name, learnt in zip(spec.layers, spec.layer_names, spec.layer_parameters, strict=True):
        if isinstance(about, Recurrent):
            found[name] = _unrolled(about, entering, [values[parameter.name] for parameter in learnt])
        entering = seen[name]
    return found


def hidden_states(network: Network, images: Array) -> dict[str, Array]:
    """Compute the state of every recurrent layer after every row, ``(B, T, H)``, as `gates` does."""
    return {name: kept["h"] for name, kept in gates(network, images).items()}


def probabilities_by_row(network: Network, images: Array) -> Array:
    """Compute what the network would answer if the picture ended after each row.

    The layers above the last recurrence are given its state after every row instead of its last one.

    Parameters
    ----------
    network
        Of any hand, with a recurrent layer.
    images
        uint8 ``(B, 28, 28)``.

    Returns
    -------
    numpy.ndarray
        float64 ``(B, T, K)``: probabilities of the classes after each of T rows.

    Raises
    ------
    ByhandError
        If no layer is recurrent, the last one hands on all its states at once, or the pictures are of another shape.
    """
    last = _last_recurrent(network)
    about = network.spec.layers[last]
    if isinstance(about, Recurrent) and about.every:
        raise ByhandError(
            f"{network.spec.layer_names[last]} hands on every state at once, so there is no answer after each row; "
            "look at a network whose last recurrent layer has every = false."
        )
    h = hidden_states(network, images)[network.spec.layer_names[last]]
    B, T, H = h.shape
    copy = frozen(network)
    x = h.reshape(B * T, H)
    for layer in copy.layers[_last_recurrent(copy) + 1 :]:
        x = layer.forward(x, READING)
    return probabilities(x, network.spec.loss).reshape(B, T, -1)


def _last_recurrent(network: Network) -> int:
    places = [place for place, layer in enumerate(network.spec.layers) if isinstance(layer, Recurrent)]
    if not places:
        raise ByhandError(
            "The network has no recurrent layer, so it has no state after each row; look at elman, lstm or gru."
        )
    return places[-1]


def _unrolled(about: Recurrent, x: Array, values: Sequence[Array]) -> dict[str, Array]:
    """Read ``x (B, T, D)`` row by row, and put what was held ``(B, H)`` together to ``(B, T, H)``."""
    nothing = np.zeros((len(x), about.hidden), x.dtype)
    state: State = {"h": nothing, "c": nothing}
    held = []
    for t in range(x.shape[1]):
        state = STEPS[about.cell](x[:, t], state, *values)
        held.append(state)
    return {name: np.stack([row[name] for row in held], axis=1) for name in state}


def _elman(x: Array, before: State, W_xh: Array, W_hh: Array, b_h: Array) -> State:
    # h = tanh(x W_xh + h' W_hh + b_h)
    return {"h": np.tanh(x @ W_xh + before["h"] @ W_hh + b_h)}


def _lstm(x: Array, before: State, W_xh: Array, W_hh: Array, b_xh: Array, b_hh: Array) -> State:
    a_i, a_f, a_o, a_g = np.split(x @ W_xh + b_xh + before["h"] @ W_hh + b_hh, 4, axis=1)
    i, f, o, g = expit(a_i), expit(a_f), expit(a_o), np.tanh(a_g)
    # c = f c' + i g
    c = f * before["c"] + i * g
    # h = o tanh(c)
    return {"i": i, "f": f, "o": o, "g": g, "c": c, "h": o * np.tanh(c)}


def _gru(x: Array, before: State, W_xh: Array, W_hh: Array, b_xh: Array, b_hh: Array) -> State:
    x_r, x_z, x_n = np.split(x @ W_xh + b_xh, 3, axis=1)
    h_r, h_z, h_n = np.split(before["h"] @ W_hh + b_hh, 3, axis=1)
    r, z = expit(x_r + h_r), expit(x_z + h_z)
    # n = tanh(x W_xn + b_xn + r (h' W_hn + b_hn))
    n = np.tanh(x_n + r * h_n)
    # h = (1 - z) n + z h'
    return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * before["h"]}


STEPS: dict[str, Callable[..., State]] = {"elman": _elman, "lstm": _lstm, "gru": _gru}
