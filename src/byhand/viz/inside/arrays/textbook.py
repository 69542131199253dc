"""A network in the textbook hand's layers, wherever they are nested, and what passes through a kind of them.

The textbook hand's forward passes return what their backward passes need, and those go down to the pixels: gates,
states, attention and gradients are all there, with the weights of a network of any hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from byhand.cpu import blas_threads
from byhand.hands.base import READING, Array, Mode, Network
from byhand.hands.by_numpy.layer import Container, Layer, Parameters, implements
from byhand.models.layers import Bidirectional
from byhand.models.spec import Entry, Spec


@dataclass
class Pass:
    """What one layer of a network did, wherever it is nested.

    Attributes
    ----------
    name
        Its name in `Spec.entries`.
    settings
        Its description.
    reverse
        Whether it reads the sequence from its last step to its first.
    cache, dy
        What its forward pass left for the backward pass, and the gradient of its output.
    """

    name: str
    settings: Any
    reverse: bool
    cache: Any = None
    dy: Any = None


def passes(spec: Spec, *kinds: type[Any]) -> list[Pass]:
    """List the layers of some kinds, from the pixels to the logits, before anything has passed them."""
    found, above = list[Pass](), list[tuple[Entry, bool, list[Entry]]]()
    for entry in spec.entries:
        del above[entry.depth :]
        reverse = False
        if above:
            container, reverse, inside = above[-1]
            if isinstance(container.layer, Bidirectional):
                # The second copy of its layers reads from the last step to the first.
                reverse ^= len(inside) >= len(container.layer.layers)
            inside.append(entry)
        above.append((entry, reverse, []))
        if isinstance(entry.layer, kinds):
            found.append(Pass(entry.name, entry.layer, reverse))
    return found


class Recorder(Layer):
    """A layer whose every pass goes through `Textbook.recorded`; one object may serve several copies."""

    def __init__(self, layer: Layer, upcoming: list[Pass], recorded: list[Pass]) -> None:
        super().__init__(layer.settings)
        self.layer, self.upcoming, self.recorded = layer, upcoming, recorded

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        y, cache = self.layer.forward(x, parameters, mode)
        # Layers compute in the order of `Spec.entries`.
        self.recorded.append(self.upcoming.pop(0))
        self.recorded[-1].cache = cache
        return y, cache

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        (own,) = [one for one in self.recorded if one.cache is cache]
        own.dy = dy
        return self.layer.backward(dy, cache)


class Textbook:
    """The textbook hand's layers with the parameters of a network, for the passes of one thread.

    Parameters
    ----------
    network
        A network of any hand.
    record
        Kinds of layers whose passes are recorded.

    Attributes
    ----------
    recorded
        What the layers of those kinds did in the last `forward`, from the pixels to the logits.
    """

    def __init__(self, network: Network, *record: type[Any]) -> None:
        spec, values = network.spec, {**network.parameters(), **network.state()}
        self.spec, self.dtype, self.record = spec, network.dtype, record
        self.recorded, self._upcoming, self._caches = list[Pass](), list[Pass](), list[Any]()
        self.layers = [self._made(implements.find(settings)(settings)) for settings in spec.layers]
        self.parameters = [
            tuple(values[parameter.name] for parameter in (*learned, *kept))
            for learned, kept in zip(spec.layer_parameters, spec.layer_state, strict=True)
        ]

    def _made(self, layer: Layer) -> Layer:
        """Prepare a layer and those inside it."""
        if isinstance(layer, Container):
            layer.layers = [self._made(inner) for inner in layer.layers]
        return Recorder(layer, self._upcoming, self.recorded) if isinstance(layer.settings, self.record) else layer

    def forward(self, images: Array) -> Array:
        """Compute the logits ``(B, K)`` of images ``(B, H, W)``."""
        self.recorded.clear()
        self._upcoming[:] = passes(self.spec, *self.record)
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
