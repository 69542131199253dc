"""Our layers in ONNX's operators, but for the recurrences, which are in ``recurrence.py``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byhand.export.graph import Graph
from byhand.export.layer import exports
from byhand.hands import Array
from byhand.models import layers

Values = Sequence[Array]


@exports(layers.Standardize, axes="any")
def standardize(about: layers.Standardize, x: str, values: Values, graph: Graph) -> str:
    """``y = x / (255 std) - mean / std``, rounded where the numpy hand rounds."""
    scaled = graph.add("Mul", x, graph.constant("scale", 1 / (255 * about.std)))
    return graph.add("Sub", scaled, graph.constant("shift", about.mean / about.std))


@exports(layers.Flatten)
def flatten(about: layers.Flatten, x: str, values: Values, graph: Graph) -> str:
    """``(B, H, W, C) -> (B, H W C)``."""
    return graph.add("Flatten", x, axis=1)


@exports(layers.Select)
def select(about: layers.Select, x: str, values: Values, graph: Graph) -> str:
    """``y = x[:, indices]``."""
    return graph.add("Gather", x, graph.constant("indices", about.indices), axis=1)


@exports(layers.Linear)
def linear(about: layers.Linear, x: str, values: Values, graph: Graph) -> str:
    """``y = x W + b``."""
    W, b = values
    return graph.add("Gemm", x, graph.constant("W", W), graph.constant("b", b))


@exports(layers.ReLU, axes="any")
def relu(about: layers.ReLU, x: str, values: Values, graph: Graph) -> str:
    """``y = max(x, 0)``."""
    return graph.add("Relu", x)


@exports(layers.Sigmoid, axes="any")
def sigmoid(about: layers.Sigmoid, x: str, values: Values, graph: Graph) -> str:
    """``y = 1 / (1 + exp(-x))``."""
    return graph.add("Sigmoid", x)


@exports(layers.Tanh, axes="any")
def tanh(about: layers.Tanh, x: str, values: Values, graph: Graph) -> str:
    """``y = tanh(x)``."""
    return graph.add("Tanh", x)


@exports(layers.Dropout, axes="any")
def dropout(about: layers.Dropout, x: str, values: Values, graph: Graph) -> str:
    """Nothing: whoever reads drops nothing."""
    return x


@exports(layers.Conv2d, axes="channels first")
def conv2d(about: layers.Conv2d, x: str, values: Values, graph: Graph) -> str:
    """Kernels ``(kernel, kernel, C, channels)`` become ``(channels, C, kernel, kernel)``."""
    W, b = values
    return graph.add(
        "Conv",
        x,
        graph.constant("W", np.transpose(W, (3, 2, 0, 1))),
        graph.constant("b", b),
        kernel_shape=[about.kernel] * 2,
        strides=[about.stride] * 2,
        pads=[about.padding] * 4,
    )


@exports(layers.MaxPool2d, axes="channels first")
def max_pool2d(about: layers.MaxPool2d, x: str, values: Values, graph: Graph) -> str:
    """The largest of every block; ONNX leaves a rest at the edge out as well."""
    return graph.add("MaxPool", x, kernel_shape=[about.size] * 2, strides=[about.size] * 2)


@exports(layers.BatchNorm2d, axes="channels first")
def batch_norm2d(about: layers.BatchNorm2d, x: str, values: Values, graph: Graph) -> str:
    """``y = gamma (x - mean) / sqrt(var + epsilon) + beta`` with the running averages."""
    names = ("gamma", "beta", "running_mean", "running_var")
    constants = [graph.constant(name, value) for name, value in zip(names, values, strict=True)]
    return graph.add("BatchNormalization", x, *constants, epsilon=about.epsilon)
