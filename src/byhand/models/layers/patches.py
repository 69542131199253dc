"""From a picture to a sequence: patches, and their positions."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Layer, Parameter, Shape


@dataclass(frozen=True)
class Patches(Layer):
    """Cut a picture or maps into square patches: a sequence, row by row, of their values (Dosovitskiy et al., 2021).

    ``(H, W, C) -> (H / size * W / size, size * size * C)``.
    """

    file = "patches"
    size: int = 4

    def __post_init__(self) -> None:
        self._at_least(1, size=self.size)

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = self._maps(shape)
        if height % self.size or width % self.size:
            raise ByhandError(
                f"Patches has size {self.size} for a picture of {height}x{width}; expected a number that divides both.",
                code="layer.wrong_shape",
            )
        return (height // self.size * (width // self.size), self.size**2 * channels)


@dataclass(frozen=True)
class Positions(Layer):
    """``x + P``: add to every step of a sequence ``(T, D)`` a learned row for its position (Vaswani et al., 2017)."""

    file = "patches"

    def output_shape(self, shape: Shape) -> Shape:
        return self._sequence(shape)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return (Parameter("P", self._sequence(shape), deviation=0.02),)
