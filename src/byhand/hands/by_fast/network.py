"""A network in the numpy hand: layers called upwards, then downwards, over one flat vector of parameters.

Twins: ``by_tensor/network.py``, ``by_torch/network.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from byhand.errors import ByhandError
from byhand.hands.base import BLOCK, Array, Network, Prepared, views
from byhand.hands.by_fast import (  # noqa: F401  # every file of layers registers its own with `makes`
    convolution,
    dense,
    elman,
    gru,
    lstm,
    normalisation,
    pixels,
    pooling,
    recurrence,
)
from byhand.hands.by_fast.layer import MADE, READING, FastLayer, Mode
from byhand.hands.by_fast.losses import LOSSES
from byhand.hands.by_fast.threads import MOST_PARTS, in_parts, single_threaded
from byhand.models.initial_weights import starting_values
from byhand.models.layers import Dropout, MaxPool2d, ReLU
from byhand.models.spec import Spec


def in_passing(layers: Sequence[FastLayer]) -> list[FastLayer]:
    """Let a pooling go before the ReLU that it follows: the largest of a block is the same, and there is less left."""
    order = list(layers)
    for i, (below, above) in enumerate(itertools.pairwise(layers)):
        if isinstance(below.about, ReLU) and isinstance(above.about, MaxPool2d):
            # max_v max(x[v], 0) = max(max_v x[v], 0), and where that is 0 no gradient passes either way.
            order[i], order[i + 1] = above, below
    return order


class FastNetwork(Network):
    """Forward and backward written by us."""

    hand = "fast"

    theta: Array
    gradient: Array

    def __init__(self, spec: Spec, *, seed: int = 0, dtype: str = "float32") -> None:
        super().__init__(spec, dtype=dtype)
        self.theta = np.empty(spec.size, self.dtype)
        self.gradient = np.zeros(spec.size, self.dtype)
        self._values = views(self.theta, spec.parameters)
        self._gradients = views(self.gradient, spec.parameters)
        self._state = {kept.name: np.empty(kept.shape, self.dtype) for kept in spec.state}
        self.layers = self._built(self._gradients)
        self._divides = any(layer.divides for layer in self.layers)
        # In training, batch normalisation and dropout look at the batch as a whole.
        whole = bool(spec.state) or any(isinstance(about, Dropout) for about in spec.layers)
        self._divides_training = self._divides and not whole
        # After a product that OpenBLAS divided, its idle thread spins for some milliseconds on a processor that the
        # parts of a sweep need: where a layer sweeps, no product is divided.
        self._products: Callable[[], AbstractContextManager[Any]] = (
            single_threaded if any(layer.sweeps for layer in self.layers) else nullcontext
        )
        # A team of layers for each part of a batch, all reading the same parameters, with gradients of their own.
        self._teams = [(in_passing(self.layers), self.gradient)]
        for _ in range(1, MOST_PARTS if self._divides else 1):
            gradient = np.empty_like(self.gradient)
            self._teams.append((in_passing(self._built(views(gradient, spec.parameters))), gradient))
        self._loss = LOSSES[spec.loss]
        self.load(starting_values(spec, seed))

    def _built(self, gradients: dict[str, Array]) -> list[FastLayer]:
        spec = self.spec
        built: list[FastLayer] = []
        for about, shape, learnt, kept in zip(
            spec.layers, spec.shapes, spec.layer_parameters, spec.layer_state, strict=False
        ):
            if type(about) not in MADE:
                raise ByhandError(
                    f"The numpy hand has no layer {about.kind}; write one and register it with `makes({about.kind})`."
                )
            layer = MADE[type(about)](
                about,
                shape,
                self.dtype,
                values=[self._values[parameter.name] for parameter in learnt],
                gradients=[gradients[parameter.name] for parameter in learnt],
                state=[self._state[parameter.name] for parameter in kept],
            )
            built.append(layer)
        for below, layer in itertools.pairwise(in_passing(built)):
            layer.may_overwrite = not below.keeps_output
        # Below the lowest layer that learns, nobody asks for a gradient.
        self._lowest = next((i for i, learnt in enumerate(spec.layer_parameters) if learnt), len(built))
        for layer in built[: self._lowest + 1]:
            layer.first = True
        # Prepared pictures are read again and again.
        if self._lowest < len(built):
            built[self._lowest].may_overwrite = False
        return built

    def _logits(self, images: Array) -> Array:
        if not self._divides:
            with self._products():
                return self._forward(self._teams[0][0], images, READING)
        read = in_parts(lambda part, some: self._forward(self._teams[part][0], images[some], READING), len(images))
        return np.concatenate(read)

    def prepared(self, images: Array) -> Array | Prepared:
        images = self._checked(images)
        # What draws or counts is not the same at every pass.
        if any(isinstance(layer.about, Dropout) for layer in self.layers[: self._lowest]):
            return images
        values = None
        for start in range(0, len(images), BLOCK):
            x = images[start : start + BLOCK]
            for layer in self.layers[: self._lowest]:
                x = layer.forward(x, READING)
            if values is None:
                values = np.empty((len(images), *x.shape[1:]), self.dtype)
            values[start : start + BLOCK] = x
        return images if values is None else Prepared(values)

    def _forward(self, layers: list[FastLayer], images: Array | Prepared, mode: Mode) -> Array:
        ready = isinstance(images, Prepared)
        x = images.values if isinstance(images, Prepared) else images
        for layer in layers[self._lowest if ready else 0 :]:
            x = layer.forward(x, mode)
        return x

    def _loss_and_gradient(self, images: Array | Prepared, labels: Array, rng: np.random.Generator | None) -> float:
        if not self._divides_training:
            with self._products():
                return self._there_and_back(self._teams[0][0], images, labels, rng)
        B = len(images)

        def task(part: int, some: slice) -> float:
            layers, gradient = self._teams[part]
            # The mean over the batch is the parts' means, each by its share.
            share = len(labels[some]) / B
            loss = self._there_and_back(layers, images[some], labels[some], rng)
            if share < 1:
                gradient *= self.dtype.type(share)
            return loss * share

        losses = in_parts(task, B)
        for _, gradient in self._teams[1 : len(losses)]:
            self.gradient += gradient
        return sum(losses)

    def _there_and_back(
        self, layers: list[FastLayer], images: Array | Prepared, labels: Array, rng: np.random.Generator | None
    ) -> float:
        logits = self._forward(layers, images, Mode(training=True, rng=rng))
        loss, d = self._loss(logits, labels, self.spec.smoothing)
        for layer in reversed(layers[self._lowest :]):
            d = layer.backward(d)  # type: ignore[assignment]  # None from the lowest alone
        return loss

    def _gradient_arrays(self) -> list[Array]:
        return [self.gradient]

    def parameters(self) -> dict[str, Array]:
        return dict(self._values)

    def gradients(self) -> dict[str, Array]:
        return dict(self._gradients)

    def state(self) -> dict[str, Array]:
        return dict(self._state)

    def activations(self, images: Array) -> dict[str, Array]:
        x, seen = self._checked(images), {}
        for name, layer in zip(self.spec.layer_names, self.layers, strict=True):
            x = layer.forward(x, READING)
            # The layer above may work in the same place.
            seen[name] = x.copy()
        return seen

    def _assign(self, name: str, value: Array) -> None:
        (self._values if name in self._values else self._state)[name][...] = value
