"""A network's predictions on labelled digits: how confident they are, and which are wrong."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from byhand.data.digits import Digits
from byhand.metrics.calibration import Calibration, calibration
from byhand.metrics.classification import Report, classification_report
from byhand.metrics.losses import Array, mean_loss, probabilities


class Classifier(Protocol):
    """The part of a network that is evaluated."""

    @property
    def spec(self) -> Any:
        """With the name of its ``loss``."""

    def logits(self, images: Array) -> Array:
        """Logits ``(B, K)`` of images ``(B, 28, 28)``."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Predictions of a network on labelled digits.

    Attributes
    ----------
    digits
        The labelled digits.
    probabilities
        ``(N, K)``, float64.
    loss
        Mean loss, without label smoothing.
    """

    digits: Digits
    probabilities: Array
    loss: float

    @classmethod
    def of(cls, network: Classifier, digits: Digits) -> Evaluation:
        """Run a network on digits.

        Raises
        ------
        ByhandError
            If the digits have no labels.
        """
        labels = digits.labelled()
        logits = network.logits(digits.images)
        loss = network.spec.loss
        return cls(digits, probabilities(logits, loss), mean_loss(logits, labels, loss))

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions, from 0 to 1."""
        return float(self.correct.mean())

    def __repr__(self) -> str:
        """The digits, their accuracy and the loss."""
        return f"<Evaluation of {self.digits!r}: accuracy {self.accuracy:.4f}, loss {self.loss:.4f}>"

    @functools.cached_property
    def predictions(self) -> Array:
        """The most probable class of every digit, ``(N,)``."""
        predictions: Array = self.probabilities.argmax(axis=1)
        return predictions

    @functools.cached_property
    def confidence(self) -> Array:
        """Probability of the predicted class, ``(N,)``."""
        confidence: Array = self.probabilities.max(axis=1)
        return confidence

    @functools.cached_property
    def correct(self) -> Array:
        """Which predictions are correct, bool ``(N,)``."""
        correct: Array = self.predictions == self.digits.labelled()
        return correct

    @functools.cached_property
    def report(self) -> Report:
        """Precision, recall, F1 and the confusion matrix."""
        return classification_report(self.digits.labelled(), self.predictions, self.probabilities.shape[1])

    @functools.cached_property
    def calibration(self) -> Calibration:
        """Predictions binned by confidence."""
        return calibration(self.confidence, self.correct)

    def most_confident_errors(self, count: int) -> Array:
        """Indices of wrong predictions, the most confident first; ties in the order of the digits."""
        order = np.argsort(-self.confidence, kind="stable")
        indices: Array = order[~self.correct[order]][:count]
        return indices

    def least_confident_correct(self, count: int) -> Array:
        """Indices of correct predictions, the least confident first; ties in the order of the digits."""
        order = np.argsort(self.confidence, kind="stable")
        indices: Array = order[self.correct[order]][:count]
        return indices

    def top(self, index: int, count: int = 3) -> list[tuple[int, float]]:
        """The most probable classes of one digit with their probabilities, the most probable first."""
        row = self.probabilities[index]
        return [(int(k), float(row[k])) for k in np.argsort(-row, kind="stable")[:count]]
