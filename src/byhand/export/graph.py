"""A graph of ONNX's operators while it is written, and the library that it is written with."""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.errors import ByhandError
from byhand.hands import Array


def onnx() -> Any:
    """Import the onnx package.

    Raises
    ------
    ByhandError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError as missing:
        raise lacking("onnx") from missing
    return onnx


def lacking(package: str) -> ByhandError:
    """Say that one of the packages for ONNX is not installed."""
    return ByhandError(f"ONNX needs {package}, which is not installed; run `pip install 'byhand[onnx]'`.")


class Graph:
    """Nodes and constants, in the order in which they are written.

    Attributes
    ----------
    scope
        The layer that is being written; what it adds is named after it: ``Linear1/Gemm``, ``Linear1/W``.
    nodes, constants
        ``NodeProto`` and ``TensorProto`` of all that was added.
    """

    def __init__(self) -> None:
        self.onnx = onnx()
        self.scope = ""
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._taken: set[str] = set()

    def add(self, operator: str, *inputs: str, output: int = 0, name: str = "", **attributes: Any) -> str:
        """Add one of ONNX's operators.

        Parameters
        ----------
        operator
            Its name in ONNX, such as ``"Gemm"``.
        inputs
            Names of what enters: `add` and `constant` gave them. ``""`` leaves an optional one out.
        output
            Which of its outputs is meant, where it has several.
        name
            What to call that output, within the layer; after the operator, unless told.
        attributes
            The operator's attributes.

        Returns
        -------
        str
            The name of what leaves.
        """
        made = self._named(name or operator)
        outputs = [""] * output + [made]
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), outputs, name=made, **attributes))
        return made

    def constant(self, name: str, value: Any) -> str:
        """Add an array of numbers: float32, or int64 where they are whole by type.

        Returns
        -------
        str
            Its name in the graph.
        """
        array = np.asarray(value)
        array = array.astype(np.int64 if np.issubdtype(array.dtype, np.integer) else np.float32)
        made = self._named(name)
        self.constants.append(self.onnx.numpy_helper.from_array(array.copy(order="C"), made))
        return made

    def _named(self, name: str) -> str:
        full = wanted = f"{self.scope}/{name}" if self.scope else name
        number = 1
        while full in self._taken:
            number += 1
            full = f"{wanted}{number}"
        self._taken.add(full)
        return full


def gates(blocks: Array, order: tuple[int, ...]) -> Array:
    """Put the G blocks of H columns of ``(..., G H)`` into another order."""
    parts = np.split(blocks, len(order), axis=-1)
    return np.concatenate([parts[place] for place in order], axis=-1)
