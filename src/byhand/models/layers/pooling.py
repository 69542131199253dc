"""Pooling."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Layer, Shape


@dataclass(frozen=True)
class MaxPool2d(Layer):
    """The largest value of every `size` x `size` block; a remainder at the right and lower edge is dropped."""

    file = "pooling"
    size: int = 2

    def __post_init__(self) -> None:
        self._at_least(1, size=self.size)

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = self._maps(shape)
        if min(height, width) < self.size:
            raise ByhandError(
                f"MaxPool2d has blocks of {self.size}x{self.size} for maps of {shape}; use smaller ones.",
                code="layer.wrong_shape",
            )
        return (height // self.size, width // self.size, channels)


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """The mean over all positions of maps, or over all steps of a sequence: one number a channel (Lin et al., 2014)."""

    file = "pooling"

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) not in (2, 3):
            raise ByhandError(
                f"GlobalAveragePool expects maps (H, W, C) or sequences (T, D), got {shape}; put it before Flatten.",
                code="layer.wrong_shape",
            )
        return shape[-1:]
