"""The three recurrences in ONNX's operators ``RNN``, ``LSTM`` and ``GRU``.

ONNX keeps weights transposed, ``W (1, G H, D)`` and ``R (1, G H, H)``, and the two biases in one row, ``B (1, 2 G H)``.
Its gates lie in another order: i, o, f, g for the LSTM and z, r, n for the GRU, whose reset gate comes after the
product where ``linear_before_reset`` is set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from byhand.export.graph import Graph, gates
from byhand.export.layer import exports
from byhand.hands import Array
from byhand.models import layers

OPERATORS = {"elman": "RNN", "lstm": "LSTM", "gru": "GRU"}
ORDERS = {"elman": (0,), "lstm": (0, 2, 1, 3), "gru": (1, 0, 2)}
"""For each gate of ONNX's, its place among ours."""


@exports(layers.Recurrent, axes="time first")
def recurrent(about: layers.Recurrent, x: str, values: Sequence[Array], graph: Graph) -> str:
    """``(T, B, D)`` to the last state ``(B, H)``, or to all of them, ``(T, B, H)``."""
    W_xh, W_hh, *biases = values
    # Elman's network has one bias, and ONNX's two are added.
    b_xh, b_hh = biases if len(biases) == 2 else (biases[0], np.zeros_like(biases[0]))
    order = ORDERS[about.cell]
    constants = {
        "W": gates(W_xh, order).T[None],
        "R": gates(W_hh, order).T[None],
        "B": np.concatenate([gates(b_xh, order), gates(b_hh, order)])[None],
    }
    attributes: dict[str, Any] = {"linear_before_reset": 1} if about.cell == "gru" else {}
    states = graph.add(
        OPERATORS[about.cell],
        x,
        *(graph.constant(name, value) for name, value in constants.items()),
        output=0 if about.every else 1,
        hidden_size=about.hidden,
        **attributes,
    )
    # All states are (T, 1, B, H) and the last is (1, B, H), for there is one direction.
    return graph.add("Squeeze", states, graph.constant("direction", [1 if about.every else 0]))
