"""The gradients that the numpy hand derives, against central differences of the function that it computes.

Twice: every parameter's gradient of the whole network's loss, as training uses it; and every layer by itself, with a
random gradient coming down to it, which tells in which layer a mistake is. The loss is a layer of its own here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.layer import Mode
from byhand.hands.by_fast.losses import LOSSES
from byhand.hands.by_fast.network import FastNetwork
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.verify.differences import TOLERANCE, Active, Point, active, compare
from byhand.verify.result import Check, Part, gathered
from byhand.verify.subject import noisy, weights

GRADIENTS, LAYERS = "gradients", "backward passes"
BATCH = 4
MISSHAPEN = (IndexError, TypeError, ValueError)
"""How a backward pass breaks off whose arrays do not fit together."""


def check_gradients(spec: Spec, entries: int, seed: int) -> tuple[Check, Check]:
    """Check all gradients of a network: of its loss, and of every layer by itself.

    Parameters
    ----------
    spec
        The network.
    entries
        How many entries of each array are checked one by one; beside them, all are checked together along random
        directions.
    seed
        Of the weights, pictures, entries and directions.
    """
    whole = gathered(GRADIENTS, TOLERANCE, _of_the_loss(_Pass(spec, seed), entries))
    return whole, gathered(LAYERS, TOLERANCE, _of_layers(_Pass(spec, seed, all_the_way=True), entries))


class _Pass:
    """A numpy network in float64 with its batch, to be passed from any layer on."""

    def __init__(self, spec: Spec, seed: int, *, all_the_way: bool = False) -> None:
        self.spec, self.seed = spec, seed
        self.network = FastNetwork(spec, seed=seed, dtype="float64")
        self.network.load(weights(spec, seed))
        for layer in self.network.layers:
            # Also of the lowest layer we may ask for the gradient to what enters it.
            layer.first = layer.first and not all_the_way
        self.images, self.labels = noisy(spec, BATCH, seed)
        self.stream = generator(seed, "proof", "dropout")
        self.mode = Mode(training=True, rng=self.stream)
        # What enters every layer, and what dropout draws there
        self.entering: list[Array] = [self.images.astype(np.float64)]
        self.drawn = [self.stream.bit_generator.state]
        for place in range(len(spec.layers)):
            self.entering.append(self.layer(place, self.entering[-1])[0])
            self.drawn.append(self.stream.bit_generator.state)

    def gradients(self) -> dict[str, Array]:
        """Give the gradients by hand, as training computes them."""
        self.stream.bit_generator.state = self.drawn[0]
        self.network.loss_and_gradient(self.images, self.labels, self.stream)
        return {name: gradient.copy() for name, gradient in self.network.gradients().items()}

    def layer(self, place: int, x: Array) -> tuple[Array, Active]:
        """Pass one layer, in memory of its own."""
        y = self.network.layers[place].forward(x.copy(), self.mode).copy()
        return y, active(self.spec.layers[place], x, y)

    def single(self, place: int) -> tuple[Array, Active]:
        """Pass one layer, which drops what it drops in a pass of the whole network."""
        self.stream.bit_generator.state = self.drawn[place]
        return self.layer(place, self.entering[place])

    def loss(self, start: int) -> tuple[float, Active]:
        """Pass from a layer to the loss."""
        self.stream.bit_generator.state = self.drawn[start]
        x, kinks = self.entering[start], list[Array]()
        for place in range(start, len(self.spec.layers)):
            x, more = self.layer(place, x)
            kinks += more
        return LOSSES[self.spec.loss](x, self.labels, self.spec.smoothing)[0], kinks


def _of_the_loss(passing: _Pass, entries: int) -> Iterator[Part]:
    """Compare the gradient of the network's loss to every parameter."""
    spec = passing.spec
    try:
        gradients = passing.gradients()
    except MISSHAPEN as problem:
        yield Part("network", math.inf, 0, f": the backward pass breaks off ({problem})")
        return
    network = max((float(np.abs(gradient).max()) for gradient in gradients.values()), default=0.0)
    for place, (name, learnt) in enumerate(zip(spec.layer_names, spec.layer_parameters, strict=True)):
        for parameter in learnt:
            # Nothing below the layer depends on its parameters.
            point = Point(passing.network.parameters()[parameter.name], partial(passing.loss, place))
            rng = generator(passing.seed, "proof", "entries", parameter.name)
            yield compare(f"{name}, {parameter.name}", point, gradients[parameter.name], rng, entries, network)


def _of_layers(passing: _Pass, entries: int) -> Iterator[Part]:
    """Compare what every layer, and the loss, makes of a gradient that comes down to it."""
    spec = passing.spec
    for place, (name, layer) in enumerate(zip(spec.layer_names, passing.network.layers, strict=True)):
        x, rng = passing.entering[place], generator(passing.seed, "proof", "entries", name)
        # Closed rectifiers give equal zeros; under some noise of its own no maximum has to choose among them.
        x += rng.normal(0, 0.1 * float(x.std()) or 1.0, x.shape)
        y, _ = passing.single(place)
        dy = rng.normal(0, 1, y.shape)
        try:
            dx = layer.backward(dy.copy())
        except MISSHAPEN as problem:
            yield Part(name, math.inf, 0, f": the backward pass breaks off ({problem})")
            continue
        learnt = spec.layer_parameters[place]
        arrays = {
            f"{name}, {parameter.name}": (value, gradient.copy())
            for parameter, value, gradient in zip(learnt, layer.values, layer.gradients, strict=True)
        }
        if dx is not None:
            arrays[f"{name}, input"] = (x, dx.copy())
        largest = max((float(np.abs(gradient).max()) for _, gradient in arrays.values()), default=0.0)
        for part, (array, gradient) in arrays.items():
            # f = sum dy y, with the difference of two y taken before the sum, where most of it cancels.
            point = Point(array, partial(passing.single, place), partial(_product, dy))
            yield compare(part, point, gradient, rng, entries, largest)
    yield _of_logits(passing, entries)


def _product(a: Array, b: Array) -> float:
    return float(np.sum(a * b))


def _of_logits(passing: _Pass, entries: int) -> Part:
    """Compare the gradient of the loss to the logits."""
    loss, spec = LOSSES[passing.spec.loss], passing.spec
    rng = generator(passing.seed, "proof", "entries", "loss")
    z: Any = rng.normal(0, 2, passing.entering[-1].shape)
    dz = loss(z.copy(), passing.labels, spec.smoothing)[1]
    point = Point(z, lambda: (loss(z.copy(), passing.labels, spec.smoothing)[0], []))
    return compare("loss, logits", point, dz, rng, entries, 0.0)
