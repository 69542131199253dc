"""A network in the textbook hand: the layers' forward passes in order, then their backward passes in reverse.

Twins: ``by_tensor/network.py``, ``by_torch/network.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import READING, Array, Mode
from byhand.hands.by_numpy.layer import Parameters, backward_through, forward_through, implements
from byhand.hands.by_numpy.losses import LOSSES
from byhand.hands.in_numpy import NumpyArrays
from byhand.models.initial_weights import starting_values
from byhand.models.spec import Spec


class NumpyNetwork(NumpyArrays):
    """Forward and backward pass written by hand, as on the blackboard."""

    hand = "numpy"
    in_numpy = True

    def __init__(self, spec: Spec, *, seed: int = 0, dtype: str = "float32") -> None:
        super().__init__(spec, dtype=dtype)
        self.layers = [implements.find(settings)(settings) for settings in spec.layers]
        self._loss = LOSSES[spec.loss]
        self.load(starting_values(spec, seed))
        self.layer_parameters: list[Parameters] = [
            (*(self._values[p.name] for p in learned), *(self._state[p.name] for p in kept))
            for learned, kept in zip(spec.layer_parameters, spec.layer_state, strict=True)
        ]
        self.layer_gradients: list[Parameters] = [
            tuple(self._gradients[p.name] for p in learned) for learned in spec.layer_parameters
        ]

    def forward(self, images: Array, mode: Mode) -> tuple[Array, list[Any]]:
        """Compute logits ``(B, K)``, and what the backward pass of each layer needs."""
        return forward_through(self.layers, images.astype(self.dtype), self.layer_parameters, mode)

    def backward(self, dy: Array, caches: list[Any]) -> None:
        """Propagate the gradient from the logits to the pixels, and store the gradients of the parameters."""
        for gradients, found in zip(self.layer_gradients, backward_through(self.layers, dy, caches)[1], strict=True):
            for gradient, value in zip(gradients, found, strict=True):
                gradient[...] = value

    def _loss_and_gradient(self, images: Any, labels: Array, rng: np.random.Generator | None) -> float:
        logits, caches = self.forward(images, Mode(training=True, rng=rng))
        loss, dlogits = self._loss(logits, labels, self.spec.smoothing)
        self.backward(dlogits, caches)
        return loss

    def _logits(self, images: Array) -> Array:
        return self.forward(images, READING)[0]

    def _activations(self, images: Array) -> dict[str, Array]:
        x, outputs = images.astype(self.dtype), {}
        for name, layer, parameters in zip(self.spec.layer_names, self.layers, self.layer_parameters, strict=True):
            x, _ = layer.forward(x, parameters, READING)
            outputs[name] = x.copy()
        return outputs
