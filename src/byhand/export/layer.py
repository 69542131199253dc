"""How a layer is written in ONNX: a function for each description, and the order of axes that it works in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from byhand.errors import ByhandError
from byhand.export.graph import Graph
from byhand.hands import Array
from byhand.models import layers

Write = Callable[[Any, str, Sequence[Array], Graph], str]
"""``write(about, x, values, graph)``: from the layer's description, the name of what enters it and its arrays (float32,
parameters and then state, in the order of the description) to the name of what leaves."""

ORDERS: dict[str, tuple[int, ...]] = {"ours": (), "channels first": (0, 3, 1, 2), "time first": (1, 0, 2)}
"""Orders of axes, each with how it comes from ours: rows ``(B, D)``, sequences ``(B, T, D)``, maps ``(B, H, W, C)``."""


@dataclass(frozen=True)
class Writer:
    """A layer's function, and the order of axes that it takes and gives; ``"any"`` gives what it takes."""

    write: Write
    axes: str


EXPORTS: dict[type[layers.Layer], Writer] = {}
"""Which function writes which description. A layer joins with the decorator `exports`."""


def exports(description: type[layers.Layer], *, axes: str = "ours") -> Callable[[Write], Write]:
    """Register the function below as the ONNX form of a layer description.

    Parameters
    ----------
    description
        The description's class.
    axes
        The order of axes that the function works in: ``"ours"``, as everywhere in byhand; ``"channels first"``,
        ``(B, C, H, W)``; ``"time first"``, ``(T, B, D)``; or ``"any"``, for what treats every number alike.
    """
    if axes != "any" and axes not in ORDERS:
        raise ByhandError(f"There is no order of axes {axes!r}; known are any, {', '.join(ORDERS)}.")

    def register(write: Write) -> Write:
        EXPORTS[description] = Writer(write, axes)
        return write

    return register


def writer(about: layers.Layer) -> Writer:
    """Find how a layer is written.

    Raises
    ------
    ByhandError
        If nobody has said.
    """
    if type(about) not in EXPORTS:
        raise ByhandError(
            f"The layer {about.kind} has no form in ONNX; write one and register it with `exports({about.kind})`."
        )
    return EXPORTS[type(about)]


def turned(x: str, shape: layers.Shape, before: str, after: str, graph: Graph) -> str:
    """Bring a value of that shape, ours and without the batch axis, from one order of axes to another."""
    if before == after:
        return x
    if before != "ours":
        order = ORDERS[before]
        x = graph.add("Transpose", x, perm=[order.index(axis) for axis in range(len(order))])
    if after == "ours":
        return x
    if after == "channels first" and len(shape) == 2:
        # A picture is a map of one channel.
        return graph.add("Unsqueeze", x, graph.constant("channel", [1]))
    return graph.add("Transpose", x, perm=list(ORDERS[after]))
