"""The gradients that the textbook hand derives, against central differences of the function that it computes.

Twice: every parameter's gradient of the whole network's loss, as training uses it; and every layer by itself, with a
random gradient of its output, which shows in which layer a mistake is. The loss is a layer of its own here. That the
other hands have the same gradients is checked in ``agreement.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
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
    """Check the backward pass of every layer of a network by itself, as `check_gradients` checks the whole."""
    return combine(LAYERS, TOLERANCE, _layer_parts(_Recorded(spec, seed), entries))


class _Recorded:
    """A network in float64, what enters each of its layers for one batch, and what dropout draws there."""

    def __init__(self, spec: Spec, seed: int) -> None:
        self.spec, self.seed = spec, seed
        self.network = NumpyNetwork(spec, seed=seed, dtype="float64")
        self.network.load(weights(spec, seed))
        self.kinks: Active = []
        for layer in every_layer(self.network.layers):
            self._watch(layer)
        self.images, self.labels = noisy(spec, BATCH, seed)
        self.rng = generator(seed, "proof", "dropout")
        self.mode = Mode(training=True, rng=self.rng)
        self.inputs: list[Array] = [self.images.astype(np.float64)]
        self.draws = [self.rng.bit_generator.state]
        for i in range(len(spec.layers)):
            self.inputs.append(self.forward(i, self.inputs[i])[0])
            self.draws.append(self.rng.bit_generator.state)

    def forward(self, i: int, x: Array) -> tuple[Array, Any]:
        """Pass one layer; gives its output and its cache."""
        return self.network.layers[i].forward(x, self.network.layer_parameters[i], self.mode)

    def _watch(self, layer: Layer) -> None:
        """Let a layer, wherever it is, note the values that its kinks depend on whenever it is passed."""
        forward = layer.forward

        def watched(x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
            y, cache = forward(x, parameters, mode)
            self.kinks += active(layer.settings, x, y)
            return y, cache

        layer.forward = watched  # type: ignore[method-assign]

    def layer(self, i: int) -> tuple[Array, Active]:
        """Pass one layer, which drops what it drops in a pass of the whole network."""
        self.rng.bit_generator.state = self.draws[i]
        self.kinks = []
        # A layer may return a view of its input, which a later change of x would move.
        return self.forward(i, self.inputs[i])[0].copy(), self.kinks

    def loss(self, start: int) -> tuple[float, Active]:
        """Pass from a layer to the loss."""
        self.rng.bit_generator.state = self.draws[start]
        x, self.kinks = self.inputs[start], []
        for i in range(start, len(self.spec.layers)):
            x, _ = self.forward(i, x)
        return LOSSES[self.spec.loss](x, self.labels, self.spec.smoothing)[0], self.kinks


def _network_parts(recorded: _Recorded, entries: int) -> Iterator[Part]:
    """Compare the gradient of the network's loss with respect to every parameter."""
    spec, network = recorded.spec, recorded.network
    try:
        recorded.rng.bit_generator.state = recorded.draws[0]
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
    spec, network = recorded.spec, recorded.network
    for i, (name, learned) in enumerate(zip(spec.layer_names, spec.layer_parameters, strict=True)):
        x, rng = recorded.inputs[i], generator(recorded.seed, "proof", "entries", name)
        # Closed rectifiers give equal zeros; with some noise no maximum has to choose among them.
        x += rng.normal(0, 0.1 * float(x.std()) or 1.0, x.shape)
        recorded.rng.bit_generator.state = recorded.draws[i]
        y, cache = recorded.forward(i, x)
        dy = rng.normal(0, 1, y.shape)
        try:
            dx, gradients = network.layers[i].backward(dy, cache)
            compared = {
                f"{name}, {parameter.name}": (array, gradient.reshape(array.shape))
                for parameter, array, gradient in zip(learned, network.layer_parameters[i], gradients, strict=False)
            } | {f"{name}, input": (x, dx.reshape(x.shape))}
        except MISSHAPEN as problem:
            yield Part(name, math.inf, 0, f": the backward pass raises an exception ({problem})")
            continue
        largest = max(float(np.abs(gradient).max()) for _, gradient in compared.values())
        for part, (array, gradient) in compared.items():
            # f = sum dy y, where the difference of two y is taken before the sum, in which most of it cancels.
            point = Point(
                array,
                lambda i=i: recorded.layer(i),  # type: ignore[misc]
                lambda difference, dy=dy: float(np.sum(dy * difference)),  # type: ignore[misc]
            )
            yield compare(part, point, gradient, rng, entries, largest)
    yield _loss_part(recorded, entries)


def _loss_part(recorded: _Recorded, entries: int) -> Part:
    """Compare the gradient of the loss with respect to the logits."""
    loss, labels, smoothing = LOSSES[recorded.spec.loss], recorded.labels, recorded.spec.smoothing
    rng = generator(recorded.seed, "proof", "entries", "loss")
    z = rng.normal(0, 2, recorded.inputs[-1].shape)
    point = Point(z, lambda: (loss(z, labels, smoothing)[0], []))
    return compare("loss, logits", point, loss(z, labels, smoothing)[1], rng, entries, 0.0)
