"""How a network is trained: every setting with its usual value, checked once."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from byhand.errors import ByhandError, nearest

OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "cg", "lbfgs")
FULL_BATCH = ("cg", "lbfgs")
"""Optimizers that need the loss of the whole training split at every step."""

SCHEDULES = ("constant", "exponential", "step", "cosine", "one-cycle")
SCHEDULES_OF_LENGTH = ("cosine", "one-cycle")
"""Schedules whose every rate depends on the number of epochs."""

AUGMENTATIONS = ("none", "writing")
"""``writing`` distorts digits as pens, paper, cameras and mice do (`byhand.augment`)."""

MAX_THREADS = 1024


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run.

    Attributes
    ----------
    hand, dtype, device
        Which hand computes, in which precision, and where (``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``).
    seed
        Seed of every random stream of the run.
    threads
        Threads for products; 0 takes as many as there are processors to use.
    epochs
        Passes over the training split; iterations, for `FULL_BATCH` optimisers.
    batch_size
        Pictures a step; 0 takes the whole training split at once.
    shuffle
        Whether each epoch draws its own order.
    augment
        One of `AUGMENTATIONS`: how each epoch changes the pictures that are trained on.
    nondigits
        How many generated non-digits join each batch, for every digit of it; they are labelled 10, so the network has
        an eleventh class.
    optimizer
        One of `OPTIMIZERS`.
    lr
        Learning rate, for one-cycle its peak.
    momentum
        Of ``momentum`` and ``nesterov``.
    beta1, beta2, alpha, epsilon
        Decay rates of Adam's two moments, of RMSprop's one, and what is added to their root.
    schedule
        One of `SCHEDULES`.
    gamma, step_every
        Factor of ``exponential`` (every epoch) and ``step`` (every so many epochs).
    warmup
        Share of the run in which ``one-cycle`` climbs.
    l2, l2_over_rows, decay_biases
        Strength of the penalty ``l2 / 2 sum w^2``, whether it is divided by the number of training pictures (by
        `FULL_BATCH` optimisers alone), and whether it counts biases.
    clip
        Largest norm of the whole gradient; 0 leaves it.
    patience
        Epochs without a better validation loss after which the run stops and goes back to its best; 0 never stops.
    watch_test
        Whether the test accuracy is logged every epoch. Nothing is ever chosen by it.
    """

    hand: str = "fast"
    dtype: str = "float32"
    device: str = "auto"
    seed: int = 0
    threads: int = 0
    epochs: int = 5
    batch_size: int = 128
    shuffle: bool = True
    augment: str = "none"
    nondigits: float = 0.0
    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    alpha: float = 0.99
    epsilon: float = 1e-8
    schedule: str = "constant"
    gamma: float = 0.95
    step_every: int = 1
    warmup: float = 0.3
    l2: float = 0.0
    l2_over_rows: bool = False
    decay_biases: bool = False
    clip: float = 0.0
    patience: int = 0
    watch_test: bool = False

    def __post_init__(self) -> None:
        # Imported here, so that `byhand train --help` loads no array library.
        from byhand.hands import HANDS
        from byhand.hands.base import DTYPES

        for name, known in (
            ("hand", HANDS),
            ("dtype", DTYPES),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("augment", AUGMENTATIONS),
        ):
            if getattr(self, name) not in known:
                raise ByhandError(f"There is no {name} {getattr(self, name)!r}; {nearest(getattr(self, name), known)}.")
        for name in ("seed", "threads", "batch_size", "nondigits", "l2", "clip", "patience"):
            self._require(name, getattr(self, name) >= 0, "0 or more")
        self._require("threads", self.threads <= MAX_THREADS, f"{MAX_THREADS} or fewer")
        for name in ("epochs", "step_every"):
            self._require(name, getattr(self, name) >= 1, "1 or more")
        for name in ("lr", "epsilon", "gamma"):
            self._require(name, getattr(self, name) > 0, "more than 0")
        for name in ("momentum", "beta1", "beta2", "alpha", "warmup"):
            self._require(name, 0 <= getattr(self, name) < 1, "a number from 0 to below 1")
        if self.optimizer in FULL_BATCH and (self.schedule != "constant" or self.clip):
            raise ByhandError(
                f"{self.optimizer} finds its own steps; leave out schedule and clip, or choose another optimizer."
            )
        if self.augment != "none" and self.full_batch:
            raise ByhandError(
                f"{self.optimizer} needs a loss that stays the same; leave out augment, or choose another optimizer."
            )
        if self.nondigits and self.augment == "none":
            raise ByhandError(
                f"nondigits was given as {self.nondigits} without augmentation, which draws them; "
                "set augment to 'writing' too."
            )
        if self.l2_over_rows and self.optimizer not in FULL_BATCH:
            raise ByhandError(
                f"l2_over_rows is of {' and '.join(FULL_BATCH)} alone, and the optimizer is {self.optimizer}; "
                "set l2_over_rows to false and divide l2 yourself."
            )

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        value = getattr(self, name)
        if not holds or (isinstance(value, float) and not math.isfinite(value)):
            raise ByhandError(f"{name} was given as {value}; give {wanted}.")

    @property
    def full_batch(self) -> bool:
        """Whether the optimiser needs the loss of the whole training split at every step."""
        return self.optimizer in FULL_BATCH

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Every setting and its usual value."""
        return {item.name: item.default for item in dataclasses.fields(cls)}
