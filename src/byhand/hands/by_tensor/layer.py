"""The frame that every layer of the tensor hand stands in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from byhand.models import layers


@dataclass(frozen=True)
class Mode:
    """What a forward pass is for: as ``by_numpy.layer.Mode``, with the layer's own running averages in `state`."""

    training: bool = False
    rng: np.random.Generator | None = None
    state: tuple[Tensor, ...] = field(default=())


Forward = Callable[[Any, Tensor, tuple[Tensor, ...], Mode], Tensor]
"""``forward(about, x, values, mode)``: from a description, the input ``(B, ...)`` and the parameters to the output."""

MADE: dict[type[layers.Layer], Forward] = {}
"""Which function makes which description real. A layer joins with the decorator `makes`."""


def makes(description: type[layers.Layer]) -> Callable[[Forward], Forward]:
    """Register the function below as the tensor hand of a layer description."""

    def register(made: Forward) -> Forward:
        MADE[description] = made
        return made

    return register
