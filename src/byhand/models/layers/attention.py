"""Self-attention."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Layer, Parameter, Shape


@dataclass(frozen=True)
class Attention(Layer):
    """Multi-head self-attention over a sequence ``(T, D)`` (Vaswani et al., 2017).

    With q, k, v = ``x W_qkv + b_qkv``, each ``(T, D)`` and cut into `heads` columns of D / heads, a head computes
    ``softmax(q k^T / sqrt(D / heads)) v``; the heads side by side, times ``W_o (D, D)``, plus ``b_o``, are the output.
    """

    file = "attention"
    heads: int = 1

    def __post_init__(self) -> None:
        self._at_least(1, heads=self.heads)

    def output_shape(self, shape: Shape) -> Shape:
        _, width = self._sequence(shape)
        if width % self.heads:
            raise ByhandError(
                f"Attention has {self.heads} heads for {width} values; expected a number that divides {width}.",
                code="layer.wrong_shape",
            )
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        D = self.output_shape(shape)[1]
        return (
            Parameter("W_qkv", (D, 3 * D), D, D),
            Parameter("b_qkv", (3 * D,), start=(0.0,)),
            Parameter("W_o", (D, D), D, D, torch_fan=D),
            Parameter("b_o", (D,), start=(0.0,)),
        )

    def title(self) -> str:
        return f"Attention({self.heads} head{'s' if self.heads > 1 else ''})"
