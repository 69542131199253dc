"""A network in the textbook hand's layers, wherever they are nested, and what passes through a kind of them.

The textbook hand's forward passes return what their backward passes need, and those go down to the pixels: gates,
states, attention and gradients are all there, with the weights of a network of any hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from byhand.cpu import blas_threads
from byhand.hands.base import READING, Array, Mode, Network
from byhand.hands.by_numpy.layer import Container, Layer, Parameters, implements
from byhand.models.layers import Bidirectional


class Recorded(Layer):
    """A layer that keeps its last cache and gradient.

    Attributes
    ----------
    name
        Its name in `Spec.entries`.
    reverse
        Whether it reads the sequence from its last step to its first.
    cache, dy
        What its forward pass left for the backward pass, and the gradient of its output.
    """

    def __init__(self, layer: Layer, name: str, reverse: bool) -> None:
        super().__init__(layer.settings)
        self.layer, self.name, self.reverse = layer, name, reverse
        self.cache: Any = None
        self.dy: Any = None

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        y, self.cache = self.layer.forward(x, parameters, mode)
        return y, self.cache

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        self.dy = dy
        return self.layer.backward(dy, cache)


class Textbook:
    """The textbook hand's layers with the parameters of a network, for one pass of one thread.

    Parameters
    ----------
    network
        A network of any hand.
    record
        Kinds of layers whose passes are recorded.

    Attributes
    ----------
    recorded
        The layers of those kinds, from the pixels to the logits, wherever they are nested.
    """

    def __init__(self, network: Network, *record: type[Any]) -> None:
        spec, values = network.spec, {**network.parameters(), **network.state()}
        self.record, self.recorded = record, list[Recorded]()
        names = iter([entry.name for entry in spec.entries])
        self.layers = [self._made(implements.find(settings)(settings), names) for settings in spec.layers]
        self.parameters = [
            tuple(values[parameter.name] for parameter in (*learned, *kept))
            for learned, kept in zip(spec.layer_parameters, spec.layer_state, strict=True)
        ]
        self.dtype = network.dtype
        self._caches = list[Any]()

    def _made(self, layer: Layer, names: Iterator[str], reverse: bool = False) -> Layer:
        """Prepare a layer and those inside it, in the order of `Spec.entries`."""
        name, settings = next(names), layer.settings
        if isinstance(layer, Container):
            # The second copy of a bidirectional layer reads from the last step to the first.
            first = len(settings.layers) if isinstance(settings, Bidirectional) else len(layer.layers)
            layer.layers = [self._made(inner, names, reverse ^ (i >= first)) for i, inner in enumerate(layer.layers)]
        if isinstance(settings, self.record):
            layer = Recorded(layer, name, reverse)
            self.recorded.append(layer)
        return layer

    def forward(self, images: Array) -> Array:
        """Compute the logits ``(B, K)`` of images ``(B, H, W)``."""
        x, self._caches = images.astype(self.dtype), []
        with blas_threads():
            for layer, parameters in zip(self.layers, self.parameters, strict=True):
                x, cache = layer.forward(x, parameters, READING)
                self._caches.append(cache)
        return x

    def backward(self, dy: Array) -> Array:
        """Propagate a gradient ``(B, K)`` from the logits of the last `forward` to its pixels, ``(B, H, W)``."""
        with blas_threads():
            for layer, cache in zip(reversed(self.layers), reversed(self._caches), strict=True):
                dy, _ = layer.backward(dy, cache)
        return dy
