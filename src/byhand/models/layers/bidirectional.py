"""Layers that read a sequence in both directions."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.models.layers.base import Container, Shape


@dataclass(frozen=True)
class Bidirectional(Container):
    """Two copies of `layers`: one reads the sequence from its first step, one from its last (Schuster & Paliwal, 1997).

    Their outputs stand side by side, ``(2 H,)``; if the layers inside return every step, ``(T, 2 H)``, where the two
    outputs of a step belong to the same step of the input.
    """

    file = "bidirectional"
    copies = 2

    def output_shape(self, shape: Shape) -> Shape:
        self._sequence(shape)
        *steps, width = self.inner(shape)[-1].after
        return (*steps, 2 * width)
