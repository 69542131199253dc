"""Recurrent layers: they read a sequence step by step."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError, nearest
from byhand.models.layers.base import Layer, Parameter, Shape, not_in_title

GATES = {"elman": 1, "lstm": 4, "gru": 3}
"""Cells and the number of blocks of H columns in their weights: LSTM's i, f, o, g, and GRU's r, z, n."""


@dataclass(frozen=True)
class Recurrent(Layer):
    """Read a sequence ``(T, D)`` step by step into a state of `hidden` numbers, starting from zeros.

    With a state ``h`` (and ``c``), blocks of the weights named by their gate, and ``*`` element-wise:

    ``elman`` (Elman, 1990)
        ``h' = tanh(x W_xh + h W_hh + b_h)``
    ``lstm`` (Hochreiter & Schmidhuber, 1997; Gers et al., 2000)
        ``i, f, o = sigmoid(x W_xh + b_xh + h W_hh + b_hh)``, ``g = tanh(...)``, ``c' = f * c + i * g``,
        ``h' = o * tanh(c')``
    ``gru`` (Cho et al., 2014, with the reset gate after the product, as cuDNN and PyTorch have it)
        ``r, z = sigmoid(x W_xh + b_xh + h W_hh + b_hh)``, ``n = tanh(x W_xh + b_xh + r * (h W_hh + b_hh))``,
        ``h' = (1 - z) * n + z * h``

    The output is the last state, ``(H,)``, or with ``every`` all states, ``(T, H)``, for another recurrent layer.
    """

    cell: str = "elman"
    hidden: int = 0
    every: bool = not_in_title(False)
    forget_bias: float = not_in_title(0.0)

    def __post_init__(self) -> None:
        if self.cell not in GATES:
            raise ByhandError(
                f"Recurrent has no cell {self.cell!r}; {nearest(self.cell, GATES)}.", code="layer.unknown_cell"
            )
        self._at_least(1, hidden=self.hidden)

    def output_shape(self, shape: Shape) -> Shape:
        steps, _ = self._sequence(shape)
        return (steps, self.hidden) if self.every else (self.hidden,)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        inputs, hidden, gates = shape[-1], self.hidden, GATES[self.cell]
        weights = (
            Parameter("W_xh", (inputs, gates * hidden), inputs, hidden, torch_fan=hidden),
            Parameter("W_hh", (hidden, gates * hidden), hidden, hidden, torch_fan=hidden),
        )
        zeros = (0.0,)
        if self.cell == "elman":
            return (*weights, Parameter("b_h", (hidden,), torch_fan=hidden, start=zeros))
        # Two biases, although the LSTM needs only one, for the parameter counts of PyTorch and cuDNN.
        start = (0.0, self.forget_bias, 0.0, 0.0) if self.cell == "lstm" else zeros
        return (
            *weights,
            Parameter("b_xh", (gates * hidden,), torch_fan=hidden, start=start),
            Parameter("b_hh", (gates * hidden,), torch_fan=hidden, start=zeros),
        )

    def title(self) -> str:
        return f"Recurrent({self.cell}, {self.hidden}{', every' if self.every else ''})"
