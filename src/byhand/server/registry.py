"""The networks that a service offers: those that come with byhand, and runs of one's own.

A network's layers work in arrays of their own, so two threads must not use one network. Every thread that computes has
instances of its own, built when it first needs them.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from byhand import weights
from byhand.errors import ByhandError
from byhand.hands import HANDS, Array, Network
from byhand.metrics.losses import probabilities
from byhand.models.layers import Conv2d, Recurrent
from byhand.models.spec import Spec
from byhand.training.run import Run, load_run
from byhand.viz.inside.arrays import PixelGradient

PICTURE = (28, 28)
CLASSES = 10


def kind_of(spec: Spec) -> str:
    """``softmax``, ``mlp``, ``elman``, ``lstm``, ``gru`` or ``cnn``."""
    for layer in reversed(spec.layers):
        if isinstance(layer, Recurrent):
            return layer.cell
    if any(isinstance(layer, Conv2d) for layer in spec.layers):
        return "cnn"
    return "mlp" if sum(bool(learnt) for learnt in spec.layer_parameters) > 1 else "softmax"


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
        self.offered: dict[str, Run] = {}
        for name in weights.names():
            # The reader's network answers with eleven classes and reads in `byhand.reading`.
            if name != "reader":
                self.offered[name] = load_run(name)
        for path in runs:
            run = load_run(Path(path), "fast")
            self.offered[_name(run, self.offered)] = run
        self._own = threading.local()

    @property
    def hands(self) -> tuple[str, ...]:
        """The hands that can be computed in here."""
        return HANDS if importlib.util.find_spec("torch") else ("fast",)

    def network(self, name: str, hand: str = "fast") -> Network:
        """Give this thread's instance of a network."""
        own: dict[tuple[str, str], Network] = self._own.__dict__.setdefault("networks", {})
        if (name, hand) not in own:
            network = self.offered[name].load_network(hand)
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


def _name(run: Run, taken: Mapping[str, Run]) -> str:
    """Choose a name for a run, with a number where it is taken."""
    spec = run.spec
    if spec.input_shape != PICTURE or spec.classes != CLASSES:
        raise ByhandError(
            f"{run.path} reads pictures of {spec.input_shape} as one of {spec.classes} classes, and the lab shows "
            f"networks that read {PICTURE} as one of {CLASSES}; name another run.",
            code="run.other_shape",
        )
    default, number = run.folder.resolve().name, 1
    name = default
    while name in taken:
        number += 1
        name = f"{default}-{number}"
    return name
