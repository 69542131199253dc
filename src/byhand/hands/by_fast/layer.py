"""The base classes of the fast hand's layers, and the adapter for layers of the textbook hand.

Twins: ``by_numpy/layer.py``, ``by_tensor/layer.py``, ``by_torch/layer.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from byhand.hands.base import Array, Mode, Registry
from byhand.hands.by_fast.workspace import Workspace
from byhand.hands.by_numpy.layer import implements as textbook
from byhand.models.layers import Container as ContainerSettings
from byhand.models.layers import Layer, MaxPool2d, ReLU, Shape


class FastLayer:
    """A layer with its own buffers, for one thread at a time.

    Parameters
    ----------
    settings
        The layer's description.
    shape
        The shape that enters, without the batch axis.
    dtype
        Floating-point type of the network.
    values, gradients, state
        The layer's parameters, their gradients, and what it keeps without learning it, in the order of the description:
        views of the network's vectors. A backward pass overwrites the gradients.

    Attributes
    ----------
    output_needed
        Whether the backward pass needs the output unchanged; if not, the next layer may compute in place.
    in_place_ok
        Whether `forward` may write over its argument, because the layer before does not need it.
    batch_parallel
        Whether a network with this layer trains faster in parts of the batch, each in a thread.
    whole_batch
        Whether the layer must see a batch undivided in training.
    first
        Whether nothing below learns, so that `backward` may return ``None`` instead of the input's gradient.
    dy_kept
        Whether `backward` leaves its argument unchanged.
    layers
        The layers inside, in the order of the description.
    """

    output_needed: ClassVar[bool] = False
    batch_parallel: ClassVar[bool] = False
    whole_batch: ClassVar[bool] = False
    dy_kept: ClassVar[bool] = False
    layers: Sequence[FastLayer] = ()

    def __init__(
        self,
        settings: Any,
        shape: Shape,
        dtype: np.dtype[Any],
        values: Sequence[Array] = (),
        gradients: Sequence[Array] = (),
        state: Sequence[Array] = (),
    ) -> None:
        self.settings = settings
        self.shape = shape
        self.dtype = dtype
        self.values = tuple(values)
        self.gradients = tuple(gradients)
        self.state = tuple(state)
        self.in_place_ok = False
        self.first = False
        self.buffers = Workspace(dtype)

    def forward(self, x: Array, mode: Mode) -> Array:
        """Compute the output ``(B, ...)`` and keep what `backward` needs. The next call may overwrite the output."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array | None:
        """Turn the gradient of the output into that of the input, and write those of the parameters.

        Follows one `forward` in training; may overwrite `dy` and whatever that forward pass kept.
        """
        raise NotImplementedError


implements: Registry[type[FastLayer]] = Registry("fast")
"""``@implements(layers.Linear)`` registers the class below it as this hand's implementation of a description."""


class TextbookLayer(FastLayer):
    """A layer that has no fast version, computed by the textbook hand's."""

    # The output may be part of what the textbook layer keeps for its backward pass.
    output_needed = True
    # Nothing is known of what it does with a batch.
    whole_batch = True

    def __init__(self, settings: Any, *arguments: Any, **arrays: Any) -> None:
        super().__init__(settings, *arguments, **arrays)
        self.layer = textbook.find(settings)(settings)

    def forward(self, x: Array, mode: Mode) -> Array:
        y, self.cache = self.layer.forward(np.asarray(x, self.dtype), (*self.values, *self.state), mode)
        return y

    def backward(self, dy: Array) -> Array | None:
        dx, found = self.layer.backward(dy, self.cache)
        for gradient, value in zip(self.gradients, found, strict=True):
            gradient[...] = value
        # The layer below may write over it.
        return np.require(dx, requirements="W")


class Container(FastLayer):
    """The base class of layers made of layers.

    Attributes
    ----------
    orders
        The layers inside in the order they are computed, for each copy.
    """

    settings: ContainerSettings

    def __init__(
        self,
        settings: ContainerSettings,
        shape: Shape,
        dtype: np.dtype[Any],
        values: Sequence[Array] = (),
        gradients: Sequence[Array] = (),
        state: Sequence[Array] = (),
    ) -> None:
        super().__init__(settings, shape, dtype, values, gradients, state)
        learned, changes = settings.divided(shape, values), settings.divided(shape, gradients)
        everything = settings.divided(shape, (*values, *state))
        self.layers = [
            build_layer(inner, before, dtype, values=mine, gradients=theirs, state=all_mine[len(mine) :])
            for (inner, before, _), mine, theirs, all_mine in zip(
                settings.inner(shape), learned, changes, everything, strict=True
            )
        ]
        count = len(settings.layers)
        self.orders = [in_order(self.layers[start : start + count]) for start in range(0, len(self.layers), count)]


def in_order(chain: Sequence[FastLayer]) -> list[FastLayer]:
    """Put layers that follow one another into the order they are computed, each in place where it may be.

    A max pooling comes before the ReLU that it follows: the result is the same, and ReLU has less to do.
    ``max_v max(x[v], 0) = max(max_v x[v], 0)``, and where that is 0 no gradient passes either way.
    """
    order = list(chain)
    for i, (below, above) in enumerate(itertools.pairwise(chain)):
        if isinstance(below.settings, ReLU) and isinstance(above.settings, MaxPool2d):
            order[i], order[i + 1] = above, below
    for below, layer in itertools.pairwise(order):
        layer.in_place_ok = not below.output_needed
    return order


def every_layer(chain: Sequence[FastLayer]) -> Iterator[FastLayer]:
    """Yield layers, each followed by the layers inside it, in the order of the description."""
    for layer in chain:
        yield layer
        yield from every_layer(layer.layers)


def build_layer(settings: Layer, *arguments: Any, **arrays: Any) -> FastLayer:
    """Build the fast version of a layer, or the textbook version if there is none."""
    return (implements.get(settings) or TextbookLayer)(settings, *arguments, **arrays)
