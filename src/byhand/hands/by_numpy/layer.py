"""The base class of the textbook hand's layers: two methods, `forward` and `backward`.

Twins: ``by_tensor/layer.py``, ``by_torch/layer.py``.
"""

from __future__ import annotations

from typing import Any

from byhand.hands.base import Array, Mode, Registry

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
