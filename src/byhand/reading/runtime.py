"""What computes the reader's network: the numpy hand, or ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand import weights
from byhand.errors import ByhandError, nearest
from byhand.hands import Network
from byhand.metrics.losses import probabilities

Array = npt.NDArray[Any]

RUNTIMES = ("fast", "onnx")
NETWORK = "reader"
DIGITS = 10


class Runtime:
    """The network that reads, with what its card says about its probabilities.

    Parameters
    ----------
    name
        One of `RUNTIMES`.

    Attributes
    ----------
    temperature
        What logits are divided by so that probabilities are calibrated (Guo and others 2017).
    threshold
        The confidence below which a digit is unsure.

    Raises
    ------
    ByhandError
        If there is no such runtime, or it is not installed.
    """

    def __init__(self, name: str = "fast") -> None:
        if name not in RUNTIMES:
            raise ByhandError(f"There is no runtime {name!r}; {nearest(name, RUNTIMES)}.")
        self.name = name
        network, known = weights.load_with_card(NETWORK)
        self.temperature = float(known["temperature"])
        self.threshold = float(known["threshold"])
        self._logits: Callable[[Array], Array] = network.logits if name == "fast" else _in_onnx(network)

    def shares(self, images: Array) -> Array:
        """Read ink.

        Parameters
        ----------
        images
            uint8 ``(B, 28, 28)``.

        Returns
        -------
        numpy.ndarray
            Calibrated probabilities ``(B, 11)``: the ten digits, and none of them.
        """
        return probabilities(self._logits(images).astype(np.float64) / self.temperature, "softmax")


def _in_onnx(network: Network) -> Callable[[Array], Array]:
    from byhand.export import Session, model

    return Session(model(network)).logits
