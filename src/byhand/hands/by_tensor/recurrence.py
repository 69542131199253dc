"""What the three recurrences share in the tensor hand; ``elman.py``, ``lstm.py`` and ``gru.py`` give the cell.

The inputs' share of all steps is one product before the loop, ``x W_xh + b``; a step then needs ``h W_hh`` alone. Steps
are taken apart with `unbind`, whose way back is a single stack. Twins: ``by_numpy/recurrence.py``, where the way back
is derived, and ``by_torch/recurrence.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from byhand.hands.by_tensor.layer import Mode, makes
from byhand.models import layers

Cell = Callable[[Tensor, tuple[Tensor, ...]], list[Tensor]]
"""``cell(x, values)``: from inputs ``(T, B, D)`` and the parameters to the states ``(B, H)`` of the T steps."""

CELLS: dict[str, Cell] = {}


def cell(name: str) -> Callable[[Cell], Cell]:
    """Register the function below as the cell of that name."""

    def register(made: Cell) -> Cell:
        CELLS[name] = made
        return made

    return register


@makes(layers.Recurrent)
def recurrent(about: layers.Recurrent, x: Tensor, values: tuple[Tensor, ...], mode: Mode) -> Tensor:
    """``(B, T, D)`` to the last state ``(B, H)``, or with `every` to all, ``(B, T, H)``."""
    states = CELLS[about.cell](x.transpose(0, 1), values)
    return torch.stack(states).transpose(0, 1) if about.every else states[-1]


def of_inputs(x: Tensor, W: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    """Compute ``x W + b`` for all steps at once: ``(T, B, D)`` to T times ``(B, G H)``."""
    T, B, D = x.shape
    return torch.addmm(b, x.reshape(T * B, D), W).view(T, B, -1).unbind()
