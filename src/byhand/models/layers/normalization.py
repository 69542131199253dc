"""Normalization: of a batch, and of each of its rows."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError
from byhand.models.layers.base import Layer, Parameter, Shape, not_in_title


@dataclass(frozen=True)
class BatchNorm1d(Layer):
    """Standardize each value of a row, or of a sequence's steps, over the batch, then ``gamma x + beta``.

    In training with the mean and variance of the batch, otherwise with running averages, to which every batch
    contributes with weight `momentum` (Ioffe & Szegedy, 2015).
    """

    file = "normalization"
    momentum: float = not_in_title(0.1)
    epsilon: float = not_in_title(1e-5)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) not in (1, 2):
            raise ByhandError(
                f"BatchNorm1d expects rows (D,) or sequences (T, D), got {shape}; use BatchNorm2d.",
                code="layer.wrong_shape",
            )
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        width = self.output_shape(shape)[-1:]
        return (Parameter("gamma", width, start=(1.0,)), Parameter("beta", width, start=(0.0,)))

    def state(self, shape: Shape) -> tuple[Parameter, ...]:
        width = self.output_shape(shape)[-1:]
        return (Parameter("running_mean", width, start=(0.0,)), Parameter("running_var", width, start=(1.0,)))


@dataclass(frozen=True)
class BatchNorm2d(BatchNorm1d):
    """Standardize each channel over batch and positions, then ``gamma x + beta`` (Ioffe & Szegedy, 2015).

    In training with the mean and variance of the batch, otherwise with running averages, to which every batch
    contributes with weight `momentum`.
    """

    def output_shape(self, shape: Shape) -> Shape:
        return self._maps(shape)


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Standardize each row, or each step of a sequence, by itself, then ``gamma x + beta`` (Ba et al., 2016)."""

    file = "normalization"
    epsilon: float = not_in_title(1e-5)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) not in (1, 2):
            raise ByhandError(
                f"LayerNorm expects rows (D,) or sequences (T, D), got {shape}; put it after Flatten or Patches.",
                code="layer.wrong_shape",
            )
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        width = self.output_shape(shape)[-1:]
        return (Parameter("gamma", width, start=(1.0,)), Parameter("beta", width, start=(0.0,)))
