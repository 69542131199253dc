"""The multilayer perceptron's layers: linear, activations, dropout."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Layer, Parameter, Shape, not_in_title


@dataclass(frozen=True)
class Linear(Layer):
    """``y = x W + b`` with ``W (D, units)``; of a sequence ``(T, D)``, every step by itself."""

    file = "dense"
    units: int = 0
    weight: str = not_in_title("W")
    bias: str = not_in_title("b")

    def __post_init__(self) -> None:
        self._at_least(1, units=self.units)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 2:
            self._rows(shape)
        return (*shape[:-1], self.units)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        inputs = shape[1] if len(shape) == 2 else self._rows(shape)
        return (
            Parameter(self.weight, (inputs, self.units), inputs, self.units, torch_fan=inputs),
            Parameter(self.bias, (self.units,), torch_fan=inputs, start=(0.0,)),
        )


@dataclass(frozen=True)
class ReLU(Layer):
    """``max(x, 0)``."""

    file = "dense"


@dataclass(frozen=True)
class Sigmoid(Layer):
    """``1 / (1 + exp(-x))``."""

    file = "dense"


@dataclass(frozen=True)
class Tanh(Layer):
    """``tanh(x)``."""

    file = "dense"


@dataclass(frozen=True)
class GELU(Layer):
    """``x Phi(x) = x (1 + erf(x / sqrt 2)) / 2``, Phi the normal distribution's (Hendrycks & Gimpel, 2016)."""

    file = "dense"


@dataclass(frozen=True)
class Dropout(Layer):
    """In training, zero values with probability `rate` and divide the others by ``1 - rate``; else the identity."""

    file = "dense"
    rate: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ByhandError(
                f"Dropout has rate {self.rate}; expected at least 0 and less than 1.", code="layer.out_of_range"
            )

    def title(self) -> str:
        return f"Dropout({self.rate:g})"
