"""The gradients that the textbook hand derives, against central differences of the function that it computes.

Twice: every parameter's gradient of the whole network's loss, as training uses it; and every layer by itself, with a
random gradient of its output, which shows in which layer a mistake is. The loss is a layer of its own here. That the
other hands have the same gradients is checked in ``agreement.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.layer import Layer, Parameters, every_layer
from byhand.hands.by_numpy.losses import LOSSES
from byhand.hands.by_numpy.network import NumpyNetwork
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.verify.differences import TOLERANCE, Active, Point, active, compare
from byhand.verify.result import Check, Part, combine
from byhand.verify.subject import noisy, weights

GRADIENTS, LAYERS = "gradients", "backward passes"
BATCH = 4
MISSHAPEN = (IndexError, TypeError, ValueError)
"""Errors of a backward pass whose arrays have inconsistent shapes."""


def check_gradients(spec: Spec, entries: int, seed: int) -> Check:
    """Check the gradient of a network's loss with respect to every parameter.

    Parameters
    ----------
    spec
        The network.
    entries
        Number of entries of each array that are checked one by one; in addition, all of them together along random
        directions.
    seed
        Seed of the weights, pictures, entries and directions.
    """
    return combine(GRADIENTS, TOLERANCE, _network_parts(_Recorded(spec, seed), entries))


def check_layers(spec: Spec, entries: int, seed: int) -> Check:
    """Check the backward pass of every layer by itself, wherever it is, as `check_gradients` checks the whole."""
    return combine(LAYERS, TOLERANCE, _layer_parts(_Recorded(spec, seed), entries))


@dataclass(frozen=True)
class _Call:
    """One pass of a layer, to be repeated."""

    layer: Layer
    x: Array
    parameters: Parameters
    draw: Any
    """State of the generator of dropout."""


class _Recorded:
    """A network in float64, and every pass of its layers for one batch, in the order of `Spec.entries`."""

    def __init__(self, spec: Spec, seed: int) -> None:
        self.spec, self.seed = spec, seed
        self.network = NumpyNetwork(spec, seed=seed, dtype="float64")
        self.network.load(weights(spec, seed))
        self.images, self.labels = noisy(spec, BATCH, seed)
        self.rng = generator(seed, "proof", "dropout")
        self.start = self.rng.bit_generator.state
        self.mode = Mode(training=True, rng=self.rng)
        self.calls: list[_Call] = []
        self.kinks: Active = []
        self.recording = True
        for layer in every_layer(self.network.layers):
            self._watch(layer)
        self.network.forward(self.images, self.mode)
        self.recording = False
        self.outermost = [call for call, entry in zip(self.calls, spec.entries, strict=True) if not entry.depth]

    def _watch(self, layer: Layer) -> None:
        """Let a layer, wherever it is, note each pass, and the values that its kinks depend on."""
        forward = layer.forward

        def watched(x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
            if self.recording:
                self.calls.append(_Call(layer, x.copy(), parameters, self.rng.bit_generator.state))
            y, cache = forward(x, parameters, mode)
            self.kinks += active(layer.settings, x, y)
            return y, cache

        layer.forward = watched  # type: ignore[method-assign]

    def forward(self, call: _Call) -> tuple[Array, Any]:
        """Repeat a pass, which drops what it dropped; gives the output and the cache."""
        self.rng.bit_generator.state = call.draw
        return call.layer.forward(call.x, call.parameters, self.mode)

    def layer(self, call: _Call) -> tuple[Array, Active]:
        """Repeat a pass; gives the output and the state of the kinks."""
        self.kinks = []
        # A layer may return a view of its input, which a later change of x would move.
        return self.forward(call)[0].copy(), self.kinks

    def loss(self, start: int) -> tuple[float, Active]:
        """Pass from an outermost layer to the loss."""
        self.kinks = []
        x, _ = self.forward(self.outermost[start])
        for call in self.outermost[start + 1 :]:
            x, _ = call.layer.forward(x, call.parameters, self.mode)
        return LOSSES[self.spec.loss](x, self.labels, self.spec.smoothing)[0], self.kinks


def _network_parts(recorded: _Recorded, entries: int) -> Iterator[Part]:
    """Compare the gradient of the network's loss with respect to every parameter."""
    spec, network = recorded.spec, recorded.network
    try:
        recorded.rng.bit_generator.state = recorded.start
        network.loss_and_gradient(recorded.images, recorded.labels, recorded.rng)
    except MISSHAPEN as problem:
        yield Part("network", math.inf, 0, f": the backward pass raises an exception ({problem})")
        return
    gradients = {name: gradient.copy() for name, gradient in network.gradients().items()}
    largest = max(float(np.abs(gradient).max()) for gradient in gradients.values())
    for i, (name, learned) in enumerate(zip(spec.layer_names, spec.layer_parameters, strict=True)):
        for parameter in learned:
            # Nothing below the layer depends on its parameters.
            point = Point(network.parameters()[parameter.name], lambda i=i: recorded.loss(i))  # type: ignore[misc]
            rng = generator(recorded.seed, "proof", "entries", parameter.name)
            yield compare(f"{name}, {parameter.name}", point, gradients[parameter.name], rng, entries, largest)


def _layer_parts(recorded: _Recorded, entries: int) -> Iterator[Part]:
    """Compare what every layer, and the loss, makes of a gradient of its output."""
    for entry, call in zip(recorded.spec.entries, recorded.calls, strict=True):
        name, x, rng = entry.name, call.x, generator(recorded.seed, "proof", "entries", entry.name)
        # Closed rectifiers give equal zeros; with some noise no maximum has to choose among them.
        x += rng.normal(0, 0.1 * float(x.std()) or 1.0, x.shape)
        y, cache = recorded.forward(call)
        dy = rng.normal(0, 1, y.shape)
        try:
            dx, gradients = call.layer.backward(dy, cache)
            compared = {
                f"{name}, {parameter.name}": (array, gradient.reshape(array.shape))
                for parameter, array, gradient in zip(entry.parameters, call.parameters, gradients, strict=False)
            } | {f"{name}, input": (x, dx.reshape(x.shape))}
        except MISSHAPEN as problem:
            yield Part(name, math.inf, 0, f": the backward pass raises an exception ({problem})")
            continue
        largest = max(float(np.abs(gradient).max()) for _, gradient in compared.values())
        for part, (array, gradient) in compared.items():
            # f = sum dy y, where the difference of two y is taken before the sum, in which most of it cancels.
            point = Point(
                array,
                lambda call=call: recorded.layer(call),  # type: ignore[misc]
                lambda difference, dy=dy: float(np.sum(dy * difference)),  # type: ignore[misc]
            )
            yield compare(part, point, gradient, rng, entries, largest)
    yield _loss_part(recorded, entries)


def _loss_part(recorded: _Recorded, entries: int) -> Part:
    """Compare the gradient of the loss with respect to the logits."""
    loss, labels, smoothing = LOSSES[recorded.spec.loss], recorded.labels, recorded.spec.smoothing
    rng = generator(recorded.seed, "proof", "entries", "loss")
    z = rng.normal(0, 2, (BATCH, recorded.spec.classes))
    point = Point(z, lambda: (loss(z, labels, smoothing)[0], []))
    return compare("loss, logits", point, loss(z, labels, smoothing)[1], rng, entries, 0.0)
