"""The frame that every layer of the numpy hand stands in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from byhand.hands.base import Array
from byhand.models import layers


@dataclass(frozen=True)
class Mode:
    """What a forward pass is for.

    Attributes
    ----------
    training
        Whether a backward pass follows; batch normalisation then uses the batch's own averages.
    rng
        Where dropout draws its masks; without one, nothing is dropped.
    """

    training: bool = False
    rng: np.random.Generator | None = None


READING = Mode()


class FastLayer:
    """A layer with a forward pass and, right under it, the backward pass derived from it.

    Parameters
    ----------
    about
        The layer's description.
    shape
        The shape that enters, without the batch axis.
    dtype
        What the network computes in.
    values, gradients, state
        The layer's parameters, their gradients, and what it keeps, in the order of the description: views of the
        network's flat vectors. A backward pass overwrites the gradients.

    Attributes
    ----------
    keeps_output
        Whether the backward pass needs the output unchanged; if not, the next layer may work in its place.
    may_overwrite
        Whether `forward` may write over its argument (the layer before does not need it).
    divides
        Whether its network goes through faster in parts of the batch, each in a thread.
    sweeps
        Whether it divides its own work between threads, which BLAS's must then leave alone.
    first
        Whether nothing below learns, so that the backward pass may return ``None`` instead of the input's gradient.
    """

    keeps_output: ClassVar[bool] = False
    divides: ClassVar[bool] = False
    sweeps: ClassVar[bool] = False

    def __init__(
        self,
        about: Any,
        shape: layers.Shape,
        dtype: np.dtype[Any],
        values: Sequence[Array] = (),
        gradients: Sequence[Array] = (),
        state: Sequence[Array] = (),
    ) -> None:
        self.about = about
        self.shape = shape
        self.dtype = dtype
        self.values = tuple(values)
        self.gradients = tuple(gradients)
        self.state = tuple(state)
        self.may_overwrite = False
        self.first = False
        self._rooms: dict[str, Array] = {}

    def forward(self, x: Array, mode: Mode) -> Array:
        """Compute the output ``(B, ...)`` and keep what `backward` needs. The next call may write over the output."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array | None:
        """Turn the loss's gradient to the output into that to the input, and leave those of the parameters.

        One backward pass follows one forward pass in training: it may write over `dy` and over what that kept.
        Returns ``None`` where `first` is set.
        """
        raise NotImplementedError

    def room(self, name: str, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Give a contiguous work array, allocated once and used again; a smaller batch gets the head of the larger."""
        size = math.prod(shape)
        kept = self._rooms.get(name)
        if kept is None or kept.size < size:
            kept = self._rooms[name] = np.empty(size, self.dtype if dtype is None else dtype)
        return kept[:size].reshape(shape)

    def room_like(self, name: str, x: Array, dtype: Any = None) -> Array:
        """Give a work array of x's shape whose axes lie in memory in the order of x's."""
        order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
        held = self.room(name, tuple(x.shape[axis] for axis in order), dtype)
        return held.transpose([order.index(axis) for axis in range(x.ndim)])


MADE: dict[type[layers.Layer], type[FastLayer]] = {}
"""Which class makes which description real. A layer joins with the decorator `makes`."""

Made = TypeVar("Made", bound=type[FastLayer])


def makes(description: type[layers.Layer]) -> Callable[[Made], Made]:
    """Register the class below as the numpy hand of a layer description."""

    def register(made: Made) -> Made:
        MADE[description] = made
        return made

    return register
