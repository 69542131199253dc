"""The frame that every layer of the torch hand stands in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from byhand.models import layers


@dataclass(frozen=True)
class Twin:
    """One of our parameters within a library's module.

    Attributes
    ----------
    tensor
        The module's own tensor.
    to_ours, to_theirs
        Turn an array from the library's shape into ours and back. Only axes are reordered or blocks moved, never a
        value changed, so gradients are turned in the same way.
    """

    tensor: Tensor
    to_ours: Callable[[Tensor], Tensor] = lambda tensor: tensor
    to_theirs: Callable[[Tensor], Tensor] = lambda tensor: tensor


@dataclass(frozen=True)
class Made:
    """A library's module and where our parameters and state lie in it, in the order of the description."""

    module: nn.Module
    values: tuple[Twin, ...] = ()
    state: tuple[Twin, ...] = ()


Make = Callable[[Any, layers.Shape], Made]
"""``make(about, shape)``: from a description and the shape that enters it to the library's module."""

MADE: dict[type[layers.Layer], Make] = {}
"""Which function makes which description real. A layer joins with the decorator `makes`."""


def makes(description: type[layers.Layer]) -> Callable[[Make], Make]:
    """Register the function below as the torch hand of a layer description."""

    def register(made: Make) -> Make:
        MADE[description] = made
        return made

    return register


class Drawing(nn.Module):
    """A module that draws random numbers: it is handed the run's stream before every training pass."""

    rng: np.random.Generator | None = None
