"""What a network makes of labelled digits: its answers, how sure it was of them, and where it was wrong."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from byhand.data import Digits
from byhand.hands import Array, Network
from byhand.metrics.calibration import Calibration, calibration
from byhand.metrics.classification import Report, classification_report
from byhand.metrics.losses import mean_loss, probabilities


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The answers of a network to labelled digits.

    Attributes
    ----------
    digits
        What was read.
    probabilities
        ``(N, K)``, float64.
    loss
        Mean loss, without label smoothing.
    """

    digits: Digits
    probabilities: Array
    loss: float

    @classmethod
    def of(cls, network: Network, digits: Digits) -> Evaluation:
        """Let a network read digits.

        Raises
        ------
        ByhandError
            If the digits have no labels.
        """
        labels = digits.labelled()
        logits = network.logits(digits.images)
        loss = network.spec.loss
        return cls(digits, probabilities(logits, loss), mean_loss(logits, labels, loss))

    @functools.cached_property
    def answers(self) -> Array:
        """The class with the largest probability, ``(N,)``."""
        given: Array = self.probabilities.argmax(axis=1)
        return given

    @functools.cached_property
    def confidence(self) -> Array:
        """The answer's probability, ``(N,)``."""
        largest: Array = self.probabilities.max(axis=1)
        return largest

    @functools.cached_property
    def right(self) -> Array:
        """Which answers are right, bool ``(N,)``."""
        same: Array = self.answers == self.digits.labelled()
        return same

    @functools.cached_property
    def report(self) -> Report:
        """Precision, recall, F1 and the confusion matrix."""
        return classification_report(self.digits.labelled(), self.answers, self.probabilities.shape[1])

    @functools.cached_property
    def calibration(self) -> Calibration:
        """How often answers of one confidence are right."""
        return calibration(self.probabilities, self.digits.labelled())

    def worst(self, count: int) -> Array:
        """Places of the wrong answers given with the most confidence, the most confident first."""
        return self._sorted(~self.right, -self.confidence)[:count]

    def least_sure(self, count: int) -> Array:
        """Places of the right answers given with the least confidence, the least confident first."""
        return self._sorted(self.right, self.confidence)[:count]

    def top(self, place: int, count: int = 3) -> list[tuple[int, float]]:
        """The most probable classes of one picture with their probabilities, the most probable first."""
        shares = self.probabilities[place]
        return [(int(k), float(shares[k])) for k in np.argsort(-shares, kind="stable")[:count]]

    def _sorted(self, chosen: Array, by: Array) -> Array:
        places = np.flatnonzero(chosen)
        # Of equals the first in the file.
        ordered: Array = places[np.argsort(by[places], kind="stable")]
        return ordered
