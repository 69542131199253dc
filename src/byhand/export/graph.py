"""A graph of ONNX operators under construction, and the registry of the functions that write layers into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from byhand.errors import ByhandError
from byhand.hands import Array
from byhand.models import layers

WriteLayer = Callable[[Any, str, Sequence[Array], "Graph"], str]
"""``write(layer, x, values, graph)``: takes the layer's description, the name of its input and its arrays (float32,
parameters and then state, in the order of the description), and returns the name of its output."""

AXES: dict[str, tuple[int, ...]] = {"batch first": (), "channels first": (0, 3, 1, 2), "time first": (1, 0, 2)}
"""Orders of axes as permutations of byhand's own: rows ``(B, D)``, sequences ``(B, T, D)``, maps ``(B, H, W, C)``."""


@dataclass(frozen=True)
class Exporter:
    """A layer's function, and the order of axes of its input and output; ``"any"`` keeps what it gets."""

    write: WriteLayer
    axes: str


EXPORTERS: dict[type[layers.Layer], Exporter] = {}
"""Exporters by layer description; the decorator `exports` adds one."""


def exports(description: type[layers.Layer], *, axes: str = "batch first") -> Callable[[WriteLayer], WriteLayer]:
    """Register the decorated function as the ONNX form of a layer description.

    Parameters
    ----------
    description
        The description's class.
    axes
        The order of axes that the function expects and returns: ``"batch first"``, as everywhere in byhand;
        ``"channels first"``, ``(B, C, H, W)``; ``"time first"``, ``(T, B, D)``; or ``"any"`` for element-wise layers.
    """
    if axes != "any" and axes not in AXES:
        raise ByhandError(
            f"Unknown order of axes {axes!r}; choose one of any, {', '.join(AXES)}.", code="export.invalid_axes"
        )

    def register(write: WriteLayer) -> WriteLayer:
        EXPORTERS[description] = Exporter(write, axes)
        return write

    return register


def exporter(layer: layers.Layer) -> Exporter:
    """Find how a layer is written; raises `ByhandError` if no function is registered."""
    if type(layer) not in EXPORTERS:
        raise ByhandError(
            f"The layer {layer.kind} has no ONNX form; write one and register it with `exports({layer.kind})`.",
            code="export.unknown_layer",
        )
    return EXPORTERS[type(layer)]


def import_onnx() -> Any:
    """Import the onnx package; raises `ByhandError` if it is not installed."""
    try:
        import onnx
    except ImportError as missing:
        raise not_installed("onnx") from missing
    return onnx


def not_installed(package: str) -> ByhandError:
    """The error for a missing package."""
    return ByhandError(
        f"ONNX needs {package}, which is not installed; run `pip install 'byhand[onnx]'`.", code="export.not_installed"
    )


class Graph:
    """Nodes and constants in the order in which they are added.

    Attributes
    ----------
    scope
        Name of the layer that is being written; a prefix of all names: ``Linear1/Gemm``, ``Linear1/W``.
    shape, axes
        Of that layer's input: byhand's own shape, without the batch axis, and the order of axes that it has here.
    nodes, constants
        The ``NodeProto`` and ``TensorProto`` objects added so far.
    """

    def __init__(self) -> None:
        self.onnx = import_onnx()
        self.scope, self.axes = "", "batch first"
        self.shape: layers.Shape = ()
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._names: set[str] = set()

    def add(self, operator: str, *inputs: str, output: int = 0, name: str = "", **attributes: Any) -> str:
        """Add one of ONNX's operators.

        Parameters
        ----------
        operator
            Its name in ONNX, such as ``"Gemm"``.
        inputs
            Names returned by `add` and `constant`; ``""`` omits an optional input.
        output
            Index of the output to use, if the operator has several.
        name
            Name of the output within the layer; by default the operator's.
        attributes
            The operator's attributes.

        Returns
        -------
        str
            The name of the output.
        """
        unique = self._unique(name or operator)
        outputs = [""] * output + [unique]
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), outputs, name=unique, **attributes))
        return unique

    def constant(self, name: str, value: Any) -> str:
        """Add an array, as int64 if it holds integers and float32 otherwise, and return its name in the graph."""
        array = np.asarray(value)
        array = array.astype(np.int64 if np.issubdtype(array.dtype, np.integer) else np.float32)
        unique = self._unique(name)
        self.constants.append(self.onnx.numpy_helper.from_array(array.copy(order="C"), unique))
        return unique

    def chain(self, chained: Iterable[tuple[str, layers.Layer, layers.Shape, Sequence[Array]]], x: str) -> str:
        """Write layers one after the other, also those inside another layer.

        Parameters
        ----------
        chained
            Of each layer its name, description, input shape, and arrays.
        x
            The name of the first one's input, in the order `axes`; afterwards that is the order of the output.

        Returns
        -------
        str
            The name of the output.
        """
        outer = self.scope
        for name, layer, shape, values in chained:
            self.scope, found = f"{outer}/{name}" if outer else name, exporter(layer)
            if found.axes != "any":
                x, self.axes = self.transpose(x, shape, self.axes, found.axes), found.axes
            self.shape = shape
            x = found.write(layer, x, values, self)
            if len(layer.output_shape(shape)) == 1:
                # Rows have one order only.
                self.axes = "batch first"
        self.scope = outer
        return x

    def transpose(self, x: str, shape: layers.Shape, before: str, after: str) -> str:
        """Bring a value from one order of axes to another; `shape` is byhand's own, without the batch axis."""
        if before == after:
            return x
        if before != "batch first":
            x = self.add("Transpose", x, perm=[AXES[before].index(axis) for axis in range(len(AXES[before]))])
        if after == "batch first":
            return x
        if after == "channels first" and len(shape) == 2:
            # A picture is a map with one channel.
            return self.add("Unsqueeze", x, self.constant("channel", [1]))
        return self.add("Transpose", x, perm=list(AXES[after]))

    def _unique(self, name: str) -> str:
        unique = full = f"{self.scope}/{name}" if self.scope else name
        number = 1
        while unique in self._names:
            number += 1
            unique = f"{full}{number}"
        self._names.add(unique)
        return unique
