"""What the three recurrences share in the torch hand; ``elman.py``, ``lstm.py`` and ``gru.py`` give the cell.

The library loops over time itself. It keeps its weights transposed, and the LSTM's gates in another order. Twins:
``by_numpy/recurrence.py``, ``by_tensor/recurrence.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from byhand.hands.by_torch.layer import Made, Twin, makes
from byhand.models import layers

Cell = Callable[[int, int], tuple[nn.RNNBase, tuple[Twin, ...]]]
"""``cell(D, H)``: the library's module of one layer, and where our parameters lie in it."""

CELLS: dict[str, Cell] = {}


def cell(name: str) -> Callable[[Cell], Cell]:
    """Register the function below as the cell of that name."""

    def register(made: Cell) -> Cell:
        CELLS[name] = made
        return made

    return register


class Recurrent(nn.Module):
    """One layer of ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``, of which the last state leaves, or with `every` all."""

    def __init__(self, cell: nn.RNNBase, every: bool) -> None:
        super().__init__()
        self.cell = cell
        self.every = every

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, D)`` to ``(B, H)``, or to ``(B, T, H)``."""
        states: Tensor = self.cell(x)[0]
        return states if self.every else states[:, -1]


@makes(layers.Recurrent)
def recurrent(about: layers.Recurrent, shape: layers.Shape) -> Made:
    """Make one layer of the library's recurrent network of that cell."""
    module, twins = CELLS[about.cell](shape[-1], about.hidden)
    return Made(Recurrent(module, about.every), twins)


def gates(tensor: Tensor, order: tuple[int, ...]) -> Twin:
    """Find our ``W (D, G H)`` or ``b (G H,)`` in the library's, whose blocks of rows lie in another order.

    Parameters
    ----------
    tensor
        The library's, ``(G H, D)`` or ``(G H,)``.
    order
        For each gate of ours, its place in the library's; an order that exchanges places, so it leads back, too.
    """

    def moved(blocks: Tensor) -> Tensor:
        parts = blocks.chunk(len(order))
        return torch.cat([parts[place] for place in order])

    # `Tensor.t` leaves a vector as it is.
    return Twin(tensor, lambda theirs: moved(theirs).t(), lambda ours: moved(ours.t()))
