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
    """``y = x W + b``, of a sequence for every step."""
    W, b = (graph.constant(name, value) for name, value in zip("Wb", values, strict=True))
    if len(graph.shape) == 1:
        return graph.add("Gemm", x, W, b)
    return graph.add("Add", graph.add("MatMul", x, W), b)


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


@exports(layers.BatchNorm1d)
def batch_norm1d(layer: layers.BatchNorm1d, x: str, values: Values, graph: Graph) -> str:
    """``y = a x + (beta - a mean)`` with ``a = gamma / sqrt(var + epsilon)``, over the last axis."""
    gamma, beta, mean, var = (np.asarray(value, np.float64) for value in values)
    a = gamma / np.sqrt(var + layer.epsilon)
    return graph.add("Add", graph.add("Mul", x, graph.constant("a", a)), graph.constant("c", beta - a * mean))


@exports(layers.LayerNorm)
def layer_norm(layer: layers.LayerNorm, x: str, values: Values, graph: Graph) -> str:
    """``y = gamma (x - mean) / sqrt(var + epsilon) + beta`` over the last axis."""
    gamma, beta = (graph.constant(name, value) for name, value in zip(("gamma", "beta"), values, strict=True))
    return graph.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=layer.epsilon)


@exports(layers.GELU, axes="any")
def gelu(layer: layers.GELU, x: str, values: Values, graph: Graph) -> str:
    """``y = x (1 + erf(x / sqrt 2)) / 2``; ONNX has an operator for it only from version 20 on."""
    erf = graph.add("Erf", graph.add("Mul", x, graph.constant("scale", 2**-0.5)))
    half = graph.constant("half", 0.5)
    return graph.add("Mul", x, graph.add("Add", graph.add("Mul", erf, half), half))


@exports(layers.GlobalAveragePool, axes="any")
def global_average_pool(layer: layers.GlobalAveragePool, x: str, values: Values, graph: Graph) -> str:
    """The mean over all positions or steps."""
    over = {"channels first": [2, 3], "time first": [0]}.get(graph.axes, [*range(1, len(graph.shape))])
    return graph.add("ReduceMean", x, axes=over, keepdims=0)


@exports(layers.Patches)
def patches(layer: layers.Patches, x: str, values: Values, graph: Graph) -> str:
    """``(B, H, W, C) -> (B, H / n, n, W / n, n, C) -> (B, H / n, W / n, n, n, C) -> (B, T, n n C)``."""
    n, (high, wide, *_) = layer.size, graph.shape
    cut = graph.add("Reshape", x, graph.constant("cut", [-1, high // n, n, wide // n, n, *(graph.shape[2:] or [1])]))
    moved = graph.add("Transpose", cut, perm=[0, 1, 3, 2, 4, 5])
    return graph.add("Reshape", moved, graph.constant("shape", [-1, *layer.output_shape(graph.shape)]))


@exports(layers.Positions)
def positions(layer: layers.Positions, x: str, values: Values, graph: Graph) -> str:
    """``y = x + P``."""
    return graph.add("Add", x, graph.constant("P", values[0]))


@exports(layers.Attention)
def attention(layer: layers.Attention, x: str, values: Values, graph: Graph) -> str:
    """``y = [softmax(q k^T / sqrt(d)) v of all heads] W_o + b_o``."""
    W_qkv, b_qkv, W_o, b_o = values
    T, D = graph.shape
    split, together = graph.constant("split", [0, T, layer.heads, -1]), graph.constant("together", [0, T, D])

    def part(index: int, order: list[int]) -> str:
        # q, k or v (B, T, D), cut into heads
        W, b = (value[..., index * D : (index + 1) * D] for value in (W_qkv, b_qkv))
        name = "qkv"[index]
        y = graph.add("Add", graph.add("MatMul", x, graph.constant(f"W_{name}", W)), graph.constant(f"b_{name}", b))
        return graph.add("Transpose", graph.add("Reshape", y, split), perm=order, name=name)

    scale = graph.constant("scale", (layer.heads / D) ** 0.5)
    q, k, v = part(0, [0, 2, 1, 3]), part(1, [0, 2, 3, 1]), part(2, [0, 2, 1, 3])
    A = graph.add("Softmax", graph.add("Mul", graph.add("MatMul", q, k), scale), axis=-1, name="A")
    Z = graph.add("Transpose", graph.add("MatMul", A, v), perm=[0, 2, 1, 3])
    y = graph.add("MatMul", graph.add("Reshape", Z, together), graph.constant("W_o", W_o))
    return graph.add("Add", y, graph.constant("b_o", b_o))


@exports(layers.Residual, axes="any")
def residual(layer: layers.Residual, x: str, values: Values, graph: Graph) -> str:
    """``y = x + F(x)``, in the order of axes of x."""
    shape, axes = graph.shape, graph.axes
    F = _inside(layer, x, values, graph)[0]
    F, graph.axes = graph.transpose(F, shape, graph.axes, axes), axes
    return graph.add("Add", x, F)


@exports(layers.Bidirectional)
def bidirectional(layer: layers.Bidirectional, x: str, values: Values, graph: Graph) -> str:
    """``y = [F(x), R G(R x)]``, with R reversing the steps."""
    every = len(layer.output_shape(graph.shape)) == 2
    F, G = _inside(layer, x, values, graph, _reversed(x, graph))
    return graph.add("Concat", F, _reversed(G, graph) if every else G, axis=-1)


def _inside(layer: layers.Container, x: str, values: Values, graph: Graph, *others: str) -> list[str]:
    """Write the layers inside another, each copy with its own input; gives the outputs."""
    shape, axes, scope = graph.shape, graph.axes, graph.scope
    inner, divided = layer.inner(shape), layer.divided(shape, values)
    count, outputs = len(layer.layers), []
    for copy, given in enumerate((x, *others)):
        chained = [
            (f"{inner[index].layer.kind}{index + 1}", inner[index].layer, inner[index].before, divided[index])
            for index in range(copy * count, (copy + 1) * count)
        ]
        graph.axes = axes
        y = graph.chain(chained, given)
        # A copy ends in the order in which the next one begins.
        if others:
            y, graph.axes = graph.transpose(y, inner[(copy + 1) * count - 1].after, graph.axes, axes), axes
        outputs.append(y)
    graph.scope = scope
    return outputs


def _reversed(x: str, graph: Graph) -> str:
    """Reverse the steps of ``(B, T, D)``."""
    slices = {"from": -1, "to": -(2**31), "axis": 1, "step": -1}
    return graph.add("Slice", x, *(graph.constant(name, [value]) for name, value in slices.items()))


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
