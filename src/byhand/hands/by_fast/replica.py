"""A stack of layers with its own buffers, used by one thread at a time; all replicas share the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import build_layer, in_order
from byhand.hands.by_fast.losses import LOSSES
from byhand.models.spec import Spec


class Replica:
    """The layers of one network.

    Parameters
    ----------
    spec
        The network.
    dtype
        What it computes in.
    values, gradients, state
        Arrays by name. A backward pass writes the gradients.

    Attributes
    ----------
    layers
        In the order of the spec.
    order
        In the order they are computed.
    lowest
        Index of the lowest layer that learns; what lies below is the same for a picture at every pass.
    """

    def __init__(
        self,
        spec: Spec,
        dtype: np.dtype[Any],
        values: Mapping[str, Array],
        gradients: Mapping[str, Array],
        state: Mapping[str, Array],
    ) -> None:
        self.layers = [
            build_layer(
                settings,
                shape,
                dtype,
                values=[values[parameter.name] for parameter in learned],
                gradients=[gradients[parameter.name] for parameter in learned],
                state=[state[parameter.name] for parameter in kept],
            )
            for settings, shape, learned, kept in zip(
                spec.layers, spec.shapes, spec.layer_parameters, spec.layer_state, strict=False
            )
        ]
        self.order = in_order(self.layers)
        self.lowest = next(i for i, learned in enumerate(spec.layer_parameters) if learned)
        for layer in self.layers[: self.lowest + 1]:
            layer.first = True
        # Prepared inputs are read again and again.
        self.layers[self.lowest].in_place_ok = False
        self._loss = LOSSES[spec.loss]
        self._smoothing = spec.smoothing

    def forward(self, x: Array, mode: Mode, start: int = 0) -> Array:
        """Compute the logits of pictures, or of what leaves the layers below `start`; the next call overwrites them."""
        for layer in self.order[start:]:
            x = layer.forward(x, mode)
        return x

    def forward_backward(self, x: Array, labels: Array, mode: Mode, start: int, weight: float) -> float:
        """Compute the loss and leave the gradients, both multiplied by `weight`, the fraction of the batch."""
        loss, dy = self._loss(self.forward(x, mode, start), labels, self._smoothing)
        if weight < 1:
            dy *= dy.dtype.type(weight)
        for layer in reversed(self.order[self.lowest :]):
            dy = layer.backward(dy)  # type: ignore[assignment]  # None from the lowest alone
        return loss * weight
