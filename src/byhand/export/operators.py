"""Our layers in ONNX's operators.

ONNX keeps a recurrence's weights transposed, ``W (1, G H, D)`` and ``R (1, G H, H)``, and its two biases in one row,
``B (1, 2 G H)``. Its gates are in another order: i, o, f, g for the LSTM and z, r, n for the GRU, whose reset gate
comes after the product if ``linear_before_reset`` is set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from byhand.export.graph import Graph, exports
from byhand.hands import Array
from byhand.models import layers

Values = Sequence[Array]

RECURRENCES = {"elman": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATES = {"elman": (0,), "lstm": (0, 2, 1, 3), "gru": (1, 0, 2)}
"""Index of each ONNX gate among our gates."""


@exports(layers.Standardize, axes="any")
def standardize(layer: layers.Standardize, x: str, values: Values, graph: Graph) -> str:
    """``y = x / (255 std) - mean / std``, rounded as in the other hands."""
    scaled = graph.add("Mul", x, graph.constant("scale", 1 / (255 * layer.std)))
    return graph.add("Sub", scaled, graph.constant("shift", layer.mean / layer.std))


@exports(layers.Flatten)
def flatten(layer: layers.Flatten, x: str, values: Values, graph: Graph) -> str:
    """``(B, H, W, C) -> (B, H W C)``."""
    return graph.add("Flatten", x, axis=1)


@exports(layers.Select)
def select(layer: layers.Select, x: str, values: Values, graph: Graph) -> str:
    """``y = x[:, indices]``."""
    return graph.add("Gather", x, graph.constant("indices", layer.indices), axis=1)


@exports(layers.Linear)
def linear(layer: layers.Linear, x: str, values: Values, graph: Graph) -> str:
    """``y = x W + b``."""
    W, b = values
    return graph.add("Gemm", x, graph.constant("W", W), graph.constant("b", b))


@exports(layers.ReLU, axes="any")
def relu(layer: layers.ReLU, x: str, values: Values, graph: Graph) -> str:
    """``y = max(x, 0)``."""
    return graph.add("Relu", x)


@exports(layers.Sigmoid, axes="any")
def sigmoid(layer: layers.Sigmoid, x: str, values: Values, graph: Graph) -> str:
    """``y = 1 / (1 + exp(-x))``."""
    return graph.add("Sigmoid", x)


@exports(layers.Tanh, axes="any")
def tanh(layer: layers.Tanh, x: str, values: Values, graph: Graph) -> str:
    """``y = tanh(x)``."""
    return graph.add("Tanh", x)


@exports(layers.Dropout, axes="any")
def dropout(layer: layers.Dropout, x: str, values: Values, graph: Graph) -> str:
    """Nothing is dropped at inference."""
    return x


@exports(layers.Conv2d, axes="channels first")
def conv2d(layer: layers.Conv2d, x: str, values: Values, graph: Graph) -> str:
    """Kernels ``(kernel, kernel, C, channels)`` become ``(channels, C, kernel, kernel)``."""
    W, b = values
    return graph.add(
        "Conv",
        x,
        graph.constant("W", np.transpose(W, (3, 2, 0, 1))),
        graph.constant("b", b),
        kernel_shape=[layer.kernel] * 2,
        strides=[layer.stride] * 2,
        pads=[layer.padding] * 4,
    )


@exports(layers.MaxPool2d, axes="channels first")
def max_pool2d(layer: layers.MaxPool2d, x: str, values: Values, graph: Graph) -> str:
    """The maximum of every block; a rest at the edge is left out here too."""
    return graph.add("MaxPool", x, kernel_shape=[layer.size] * 2, strides=[layer.size] * 2)


@exports(layers.BatchNorm2d, axes="channels first")
def batch_norm2d(layer: layers.BatchNorm2d, x: str, values: Values, graph: Graph) -> str:
    """``y = gamma (x - mean) / sqrt(var + epsilon) + beta`` with the running averages."""
    names = ("gamma", "beta", "running_mean", "running_var")
    constants = [graph.constant(name, value) for name, value in zip(names, values, strict=True)]
    return graph.add("BatchNormalization", x, *constants, epsilon=layer.epsilon)


@exports(layers.Recurrent, axes="time first")
def recurrent(layer: layers.Recurrent, x: str, values: Values, graph: Graph) -> str:
    """``(T, B, D)`` to the last state ``(B, H)``, or to all of them, ``(T, B, H)``."""
    W_xh, W_hh, *biases = values
    # Elman's network has one bias; ONNX adds its two.
    b_xh, b_hh = biases if len(biases) == 2 else (biases[0], np.zeros_like(biases[0]))
    gates = GATES[layer.cell]
    constants = {
        "W": _reorder(W_xh, gates).T[None],
        "R": _reorder(W_hh, gates).T[None],
        "B": np.concatenate([_reorder(b_xh, gates), _reorder(b_hh, gates)])[None],
    }
    attributes: dict[str, Any] = {"linear_before_reset": 1} if layer.cell == "gru" else {}
    states = graph.add(
        RECURRENCES[layer.cell],
        x,
        *(graph.constant(name, value) for name, value in constants.items()),
        output=0 if layer.every else 1,
        hidden_size=layer.hidden,
        **attributes,
    )
    # With one direction, all states are (T, 1, B, H) and the last is (1, B, H).
    return graph.add("Squeeze", states, graph.constant("direction", [1 if layer.every else 0]))


def _reorder(blocks: Array, order: tuple[int, ...]) -> Array:
    """Put the gates of ``(..., G H)`` into another order."""
    parts = np.split(blocks, len(order), axis=-1)
    return np.concatenate([parts[gate] for gate in order], axis=-1)
