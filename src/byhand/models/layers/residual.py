"""Residual connections."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Container, Shape


@dataclass(frozen=True)
class Residual(Container):
    """``x + F(x)``, where F is a branch of `layers` that keeps the shape (He et al., 2016)."""

    file = "residual"

    def output_shape(self, shape: Shape) -> Shape:
        after = self.inner(shape)[-1].after
        if after != shape:
            raise ByhandError(
                f"Residual adds what its layers make of {shape}, which has the shape {after}; expected the same shape.",
                code="layer.wrong_shape",
            )
        return shape
