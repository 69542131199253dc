"""The networks that a service offers: those that come with byhand, and runs of one's own.

A network's layers work in arrays of their own, so two threads must not use one network. Every thread that computes has
instances of its own, built when it first needs them.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from byhand import weights
from byhand.errors import ByhandError
from byhand.hands import HANDS, Array, Network, build
from byhand.metrics.losses import probabilities
from byhand.models.layers import Conv2d, Recurrent
from byhand.models.spec import Spec
from byhand.training.run import load_run
from byhand.viz.inside.arrays import PixelGradient

PICTURE = (28, 28)
CLASSES = 10


@dataclass(frozen=True)
class Offered:
    """A network on the shelf.

    Attributes
    ----------
    name
        What it is asked for by.
    origin
        ``"shipped"`` or ``"run"``.
    spec, values, dtype
        All that an instance in any hand is built from.
    accuracy
        On its test split, from 0 to 1; ``None`` where it was not measured.
    """

    name: str
    origin: str
    spec: Spec
    values: dict[str, Array]
    dtype: str
    accuracy: float | None

    @property
    def kind(self) -> str:
        """``softmax``, ``mlp``, ``elman``, ``lstm``, ``gru`` or ``cnn``."""
        for layer in reversed(self.spec.layers):
            if isinstance(layer, Recurrent):
                return layer.cell
        if any(isinstance(layer, Conv2d) for layer in self.spec.layers):
            return "cnn"
        return "mlp" if sum(bool(learnt) for learnt in self.spec.layer_parameters) > 1 else "softmax"


@dataclass(frozen=True)
class Answer:
    """What a network makes of one picture: logits and probabilities ``(K,)``, and the microseconds that took."""

    logits: Array
    probabilities: Array
    microseconds: float

    @property
    def value(self) -> int:
        """The likeliest class."""
        return int(self.probabilities.argmax())


class Shelf:
    """The networks, in their order.

    Parameters
    ----------
    runs
        Folders of runs to offer beside the shipped networks, under the folders' names; a name that is taken gets a
        number.

    Raises
    ------
    ByhandError
        If a folder holds no run, or one that reads no digits of 28x28 pixels.
    """

    def __init__(self, runs: Sequence[Path] = ()) -> None:
        self.offered: dict[str, Offered] = {}
        for name in weights.names():
            # The reader's network answers with eleven classes and reads in `byhand.reading`.
            if name != "reader":
                self._put(_shipped(name))
        for path in runs:
            self._put(_run(path, self.offered.keys()))
        self._own = threading.local()

    def _put(self, offered: Offered) -> None:
        self.offered[offered.name] = offered

    @property
    def hands(self) -> tuple[str, ...]:
        """The hands that can be computed in here."""
        return HANDS if importlib.util.find_spec("torch") else ("fast",)

    def network(self, name: str, hand: str = "fast") -> Network:
        """Give this thread's instance of a network."""
        own: dict[tuple[str, str], Network] = self._own.__dict__.setdefault("networks", {})
        if (name, hand) not in own:
            offered = self.offered[name]
            network = build(offered.spec, hand, dtype=offered.dtype)
            network.load(offered.values)
            # The first picture makes the work arrays, which the time of no answer should contain.
            network.logits(np.zeros((1, *PICTURE), np.uint8))
            own[name, hand] = network
        return own[name, hand]

    def slopes(self, name: str) -> PixelGradient:
        """Give this thread's way from a network's logits back to the pixels."""
        own: dict[str, PixelGradient] = self._own.__dict__.setdefault("slopes", {})
        if name not in own:
            own[name] = PixelGradient(self.network(name))
        return own[name]

    def read(self, name: str, ink: Array, hand: str = "fast") -> Answer:
        """Have a network read ``uint8 (28, 28)``."""
        network = self.network(name, hand)
        began = time.perf_counter()
        logits = network.logits(ink[None])
        taken = 1e6 * (time.perf_counter() - began)
        return Answer(logits[0], probabilities(logits, network.spec.loss)[0], taken)


@cache
def _shipped(name: str) -> Offered:
    network, card = weights.load_with_card(name)
    return Offered(name, "shipped", network.spec, _values(network), network.dtype.name, float(card["test_accuracy"]))


def _run(path: Path, taken: Any) -> Offered:
    run = load_run(path, "fast")
    spec = run.network.spec
    if spec.input_shape != PICTURE or spec.classes != CLASSES:
        raise ByhandError(
            f"{path} reads pictures of {spec.input_shape} as one of {spec.classes} classes, and the lab shows networks "
            f"that read {PICTURE} as one of {CLASSES}; name another run."
        )
    default, number = path.resolve().name, 1
    name = default
    while name in taken:
        number += 1
        name = f"{default}-{number}"
    accuracy = run.accuracy if run.results else None
    return Offered(name, "run", spec, _values(run.network), run.network.dtype.name, accuracy)


def _values(network: Network) -> dict[str, Array]:
    return {name: value.copy() for name, value in (network.parameters() | network.state()).items()}
