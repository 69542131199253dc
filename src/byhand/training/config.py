"""The settings of a training: their defaults, meaning and checks."""

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

AUGMENTATIONS = ("none", "affine", "writing")
"""``affine`` rotates, slants, scales and shifts digits a little; ``writing`` distorts them as pens, paper, cameras and
mice do (`byhand.augment`)."""

MAX_THREADS = 1024


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run.

    Attributes
    ----------
    hand, dtype, device
        The hand that computes, its precision, and the device (``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``).
    seed
        Seed of every random stream of the run.
    threads
        Threads for matrix products; 0 takes one for every processor that other programs leave free.
    epochs
        Passes over the training split; iterations, for `FULL_BATCH` optimizers.
    batch_size
        Images per step; 0 takes the whole training split.
    shuffle
        Whether each epoch has its own random order.
    augment
        One of `AUGMENTATIONS`: how the training images are distorted in each epoch.
    nondigits
        Generated non-digits per digit of a batch; they are labelled 10, so that the network has an eleventh class.
    optimizer
        One of `OPTIMIZERS`.
    lr
        Learning rate; for one-cycle, its peak.
    momentum
        For ``momentum`` and ``nesterov``.
    beta1, beta2, alpha, epsilon
        Decay rates of Adam's two moments and of RMSprop's one, and what is added to the root.
    schedule
        One of `SCHEDULES`.
    gamma, step_every
        Factor of ``exponential`` (every epoch) and ``step`` (every so many epochs).
    warmup
        Fraction of the run in which ``one-cycle`` rises.
    l2, l2_over_rows, decay_biases
        Strength of the penalty ``l2 / 2 sum w^2``, whether it is divided by the number of training images (only for
        `FULL_BATCH` optimizers), and whether it includes biases.
    clip
        Largest norm of the whole gradient; 0 does not clip.
    patience
        Epochs without a better validation loss after which the run stops; it then keeps the weights of its best epoch.
        0 never stops and keeps the last weights. When it is changed before a run is resumed, the best epoch is sought
        from there on.
    watch_test
        Whether the test accuracy is logged every epoch. Nothing is selected by it.
    log_every
        The loss of a batch is logged every so many steps; 0 logs none.
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
    log_every: int = 0

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
                raise ByhandError(
                    f"There is no {name} {getattr(self, name)!r}; {nearest(getattr(self, name), known)}.",
                    code=f"recipe.unknown_{name}",
                )
        for name in ("seed", "threads", "batch_size", "nondigits", "l2", "clip", "patience", "log_every"):
            self._require(name, getattr(self, name) >= 0, "0 or more")
        self._require("threads", self.threads <= MAX_THREADS, f"{MAX_THREADS} or fewer")
        for name in ("epochs", "step_every"):
            self._require(name, getattr(self, name) >= 1, "1 or more")
        for name in ("lr", "epsilon", "gamma"):
            self._require(name, getattr(self, name) > 0, "more than 0")
        for name in ("momentum", "beta1", "beta2", "alpha", "warmup"):
            self._require(name, 0 <= getattr(self, name) < 1, "a number from 0 to below 1")
        for wrong, message in (
            (
                self.full_batch and (self.schedule != "constant" or self.clip),
                f"{self.optimizer} chooses its own steps; leave out schedule and clip, or choose another optimizer.",
            ),
            (
                self.full_batch and self.augment != "none",
                f"{self.optimizer} needs a deterministic loss; leave out augment, or choose another optimizer.",
            ),
            (
                self.nondigits and self.augment != "writing",
                f"nondigits = {self.nondigits} needs another augmentation; set augment to 'writing' too.",
            ),
            (
                self.full_batch and self.log_every,
                f"{self.optimizer} has no batches whose loss could be logged; leave out log_every.",
            ),
            (
                self.l2_over_rows and not self.full_batch,
                f"l2_over_rows is not for {self.optimizer}; choose {' or '.join(FULL_BATCH)}, or divide l2 yourself.",
            ),
        ):
            if wrong:
                raise ByhandError(message, code="recipe.invalid_setting")

    def __repr__(self) -> str:
        """The settings that differ from their defaults."""
        changed = [
            f"{name}={getattr(self, name)!r}" for name, value in self.defaults().items() if getattr(self, name) != value
        ]
        return f"TrainingConfig({', '.join(changed)})"

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        value = getattr(self, name)
        if not holds or (isinstance(value, float) and not math.isfinite(value)):
            raise ByhandError(f"Invalid {name} = {value}; expected {wanted}.", code="recipe.invalid_setting")

    @property
    def full_batch(self) -> bool:
        """Whether the optimizer needs the loss of the whole training split at every step."""
        return self.optimizer in FULL_BATCH

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Every setting and its default."""
        return {item.name: item.default for item in dataclasses.fields(cls)}
