"""Where the parameters of the two NumPy hands are stored: one vector for all parameters, one for all gradients."""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Network, views
from byhand.models.spec import Spec


class NumpyArrays(Network):
    """A network whose parameters and gradients are named views of two vectors, `theta` and `gradient`."""

    theta: Array
    gradient: Array

    def __init__(self, spec: Spec, *, dtype: str = "float32") -> None:
        super().__init__(spec, dtype=dtype)
        self.theta, self.gradient = np.zeros((2, spec.size), self.dtype)
        self._values = views(self.theta, spec.parameters)
        self._gradients = views(self.gradient, spec.parameters)
        self._state = {kept.name: np.empty(kept.shape, self.dtype) for kept in spec.state}

    def parameters(self) -> dict[str, Array]:
        return dict(self._values)

    def gradients(self) -> dict[str, Array]:
        return dict(self._gradients)

    def state(self) -> dict[str, Array]:
        return dict(self._state)

    def _gradient_arrays(self) -> list[Array]:
        return [self.gradient]

    def _assign(self, name: str, value: Array) -> None:
        (self._values if name in self._values else self._state)[name][...] = value
