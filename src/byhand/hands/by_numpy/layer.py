"""The base classes of the textbook hand's layers: two methods, `forward` and `backward`.

Twins: ``by_tensor/layer.py``, ``by_torch/layer.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from byhand.hands.base import Array, Mode, Registry
from byhand.models import layers

Parameters = tuple[Array, ...]


class Layer:
    """A layer: a forward pass and, right below it, the backward pass derived from it.

    An object only has settings. Everything else is passed in and returned, so any number of threads may call it. State
    (the running averages) is updated in place in training; this is a layer's only side effect.

    Parameters
    ----------
    settings
        The layer's description, from `byhand.models.layers`.
    """

    layers: Sequence[Layer] = ()
    """The layers inside, of a container."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        """Compute the output.

        Parameters
        ----------
        x
            Input ``(B, ...)``, which must not be changed.
        parameters
            What the layer learns, followed by its state, in the order of the description.
        mode
            Whether this is training.

        Returns
        -------
        tuple
            The output ``(B, ...)``, and the values that `backward` needs.
        """
        raise NotImplementedError

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        """Apply the chain rule to one forward pass.

        Parameters
        ----------
        dy
            Gradient of the loss with respect to the output, ``dL/dy``.
        cache
            The second value that `forward` returned.

        Returns
        -------
        tuple
            ``dL/dx``, and the gradients of what the layer learns, in the order of the description.
        """
        raise NotImplementedError


implements: Registry[type[Layer]] = Registry("numpy")
"""``@implements(layers.Linear)`` registers the class below it as this hand's implementation of a description."""


def every_layer(chain: Sequence[Layer]) -> Iterator[Layer]:
    """Yield layers, each followed by the layers inside it."""
    for layer in chain:
        yield layer
        yield from every_layer(layer.layers)


def forward_through(
    chain: Sequence[Layer], x: Array, parameters: Sequence[Parameters], mode: Mode
) -> tuple[Array, list[Any]]:
    """Pass layers in order; gives the output of the last, and what the backward pass of each needs."""
    caches = []
    for layer, own in zip(chain, parameters, strict=True):
        x, cache = layer.forward(x, own, mode)
        caches.append(cache)
    return x, caches


def backward_through(chain: Sequence[Layer], dy: Array, caches: Sequence[Any]) -> tuple[Array, list[Parameters]]:
    """Pass layers in reverse; gives the gradient of the input of the first, and those of the parameters of each."""
    gradients = []
    for layer, cache in zip(reversed(chain), reversed(caches), strict=True):
        dy, found = layer.backward(dy, cache)
        gradients.append(found)
    return dy, gradients[::-1]


class Container(Layer):
    """The base class of layers made of layers: they compute their branches, and combine them, in `forward`.

    Attributes
    ----------
    layers
        The layers inside, one copy after the other.
    """

    def __init__(self, settings: layers.Container) -> None:
        super().__init__(settings)
        self.layers = [implements.find(inner)(inner) for _ in range(settings.copies) for inner in settings.layers]

    def branch(self, copy: int, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        """Pass one copy of the layers inside, given the parameters of the container."""
        count = len(self.settings.layers)
        own = slice(copy * count, (copy + 1) * count)
        y, caches = forward_through(self.layers[own], x, self.settings.divided(x.shape[1:], parameters)[own], mode)
        return y, (own, caches)

    def branch_backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        """Pass that copy in reverse; gives the gradients of its parameters in their order."""
        own, caches = cache
        dx, gradients = backward_through(self.layers[own], dy, caches)
        return dx, tuple(gradient for found in gradients for gradient in found)
