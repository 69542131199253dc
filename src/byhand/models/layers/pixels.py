"""From pixels to numbers: standardize, flatten, select."""

from __future__ import annotations

import math
from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Layer, Shape, not_in_title


@dataclass(frozen=True)
class Standardize(Layer):
    """``(x / 255 - mean) / std``: pixels 0..255 to numbers around zero; by default MNIST's mean and deviation."""

    file = "pixels"
    mean: float = not_in_title(0.1307)
    std: float = not_in_title(0.3081)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std > 0):
            raise ByhandError(
                f"Standardize has mean {self.mean} and std {self.std}; expected finite numbers, and std above 0.",
                code="layer.out_of_range",
            )


@dataclass(frozen=True)
class Flatten(Layer):
    """Images or maps to rows: ``(H, W, C) -> (H W C,)``."""

    file = "pixels"

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True)
class Select(Layer):
    """Select values of a row: ``x[:, indices]``."""

    file = "pixels"
    indices: tuple[int, ...] = ()

    def output_shape(self, shape: Shape) -> Shape:
        values = self._rows(shape)
        if not self.indices or min(self.indices) < 0 or max(self.indices) >= values:
            raise ByhandError(
                f"Select has {len(self.indices)} indices for a row of {values} values; expected at least one, each "
                f"from 0 to {values - 1}.",
                code="layer.out_of_range",
            )
        if len(set(self.indices)) < len(self.indices):
            raise ByhandError("Select has an index twice; expected each once.", code="layer.duplicate_index")
        return (len(self.indices),)
