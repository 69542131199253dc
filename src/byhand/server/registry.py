"""The networks of the service: the shipped ones, and runs."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from byhand import weights
from byhand.data.digits import CLASSES, SIDE
from byhand.errors import ByhandError, nearest
from byhand.hands import HANDS, Array, Network
from byhand.metrics.losses import probabilities
from byhand.models.layers import Attention, Conv2d, Recurrent
from byhand.models.spec import Spec
from byhand.server.responses import Problem
from byhand.weights import load_run

IMAGE_SHAPE = (SIDE, SIDE)


def kind_of(spec: Spec) -> str:
    """``softmax``, ``mlp``, ``elman``, ``lstm``, ``gru``, ``cnn`` or ``vit``."""
    layers = [entry.layer for entry in spec.entries]
    for layer in reversed(layers):
        if isinstance(layer, Recurrent):
            return layer.cell
        if isinstance(layer, Attention):
            return "vit"
    if any(isinstance(layer, Conv2d) for layer in layers):
        return "cnn"
    return "mlp" if sum(bool(parameters) for parameters in spec.layer_parameters) > 1 else "softmax"


@dataclass(frozen=True)
class Prediction:
    """A network's logits and probabilities ``(K,)`` for one picture, and the microseconds to compute them."""

    logits: Array
    probabilities: Array
    microseconds: float

    @property
    def value(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())


class ModelRegistry:
    """The networks by name, shipped ones first, in every hand; any number of threads may use it.

    Parameters
    ----------
    runs
        Run folders to offer under their folders' names; a name that is taken gets a number.

    Raises
    ------
    ByhandError
        If a folder holds no run, or one whose network does not read digits of 28x28 pixels.
    """

    def __init__(self, runs: Sequence[Path] = ()) -> None:
        # The reader's network has an eleventh class, for non-digits; `byhand.reading` uses it.
        self.models = {name: load_run(name) for name in weights.names() if name != "reader"}
        for path in runs:
            run = load_run(Path(path), "fast")
            if run.spec.input_shape != IMAGE_SHAPE or run.spec.classes != CLASSES:
                raise ByhandError(
                    f"{path} classifies pictures of {run.spec.input_shape} into {run.spec.classes} classes; expected "
                    f"{IMAGE_SHAPE} and {CLASSES}; choose another run.",
                    code="server.unsuitable_run",
                )
            name, number = path.resolve().name, 1
            while (unique := name if number == 1 else f"{name}-{number}") in self.models:
                number += 1
            self.models[unique] = run
        self._lock = threading.Lock()
        self._networks: dict[tuple[str, str], Network] = {}

    @property
    def hands(self) -> tuple[str, ...]:
        """The hands that are available."""
        return HANDS if importlib.util.find_spec("torch") else tuple(h for h in HANDS if h in ("numpy", "fast"))

    def check(self, name: str, hand: str = "fast") -> None:
        """Raise a `Problem` for an unknown name (404), or for a hand that is not available (422)."""
        if name not in self.models:
            raise Problem(404, f"The network {name[:80]!r} was not found; {nearest(name[:80], self.models)}.")
        self.check_hand(hand)

    def check_hand(self, hand: str) -> None:
        """Raise a `Problem` (422) for a hand that is not available."""
        if hand not in self.hands:
            raise Problem(422, f"The {hand} hand needs PyTorch, which is not installed on the server; use fast.")

    def network(self, name: str, hand: str = "fast") -> Network:
        """Return a network in a hand; it is built on first use."""
        if (name, hand) not in self._networks:
            with self._lock:
                if (name, hand) not in self._networks:
                    network = self.models[name].load_network(hand)
                    # The first call allocates workspaces, which no measured time should contain.
                    network.logits(np.zeros((1, *IMAGE_SHAPE), np.uint8))
                    self._networks[name, hand] = network
        return self._networks[name, hand]

    def predict(self, name: str, ink: Array, hand: str = "fast") -> Prediction:
        """Classify one picture, uint8 ``(28, 28)``."""
        network = self.network(name, hand)
        start = time.perf_counter()
        logits = network.logits(ink[None])
        microseconds = 1e6 * (time.perf_counter() - start)
        return Prediction(logits[0], probabilities(logits, network.spec.loss)[0], microseconds)
