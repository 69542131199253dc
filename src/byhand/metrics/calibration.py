"""How far a network's confidence can be trusted: of predictions made with 80 % confidence, 80 % should be correct.

Predictions are put into bins by their confidence. The expected calibration error is the mean gap between a bin's
accuracy and its confidence, weighted by the number of predictions in it (Guo et al., *On Calibration of Modern Neural
Networks*, 2017)::

    ECE = sum_b n_b / N |accuracy_b - confidence_b|
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byhand.metrics.losses import Array

BINS = 15
"""The number of bins in Guo et al."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predictions binned by confidence; an empty bin holds 0 in every array.

    Attributes
    ----------
    edges
        ``(M + 1,)`` bin edges from 0 to 1; a bin includes its upper edge.
    count, correct
        ``(M,)`` number of predictions, and of correct ones.
    confidence
        ``(M,)`` mean confidence.
    """

    edges: Array
    count: Array
    correct: Array
    confidence: Array

    def __repr__(self) -> str:
        """The number of predictions and the expected calibration error."""
        return f"<Calibration of {int(self.count.sum()):,} predictions: error {self.error:.4f}>"

    @property
    def accuracy(self) -> Array:
        """Accuracy of every bin, ``(M,)``."""
        accuracy: Array = self.correct / np.maximum(self.count, 1)
        return accuracy

    @property
    def error(self) -> float:
        """The expected calibration error, from 0 to 1."""
        return float(np.sum(self.count * np.abs(self.accuracy - self.confidence)) / self.count.sum())

    @property
    def overconfidence(self) -> float:
        """Mean confidence minus accuracy; negative for an underconfident network."""
        return float(np.sum(self.count * self.confidence - self.correct) / self.count.sum())


def calibration(confidence: Array, correct: Array, bins: int = BINS) -> Calibration:
    """Bin predictions by confidence.

    Parameters
    ----------
    confidence
        Probability of each prediction ``(N,)``, from 0 to 1.
    correct
        Whether each prediction is correct, bool ``(N,)``.
    bins
        Number of bins of equal width, M.
    """
    edges = np.linspace(0, 1, bins + 1)
    index = np.searchsorted(edges[1:-1], confidence)
    count = np.bincount(index, minlength=bins)
    mean = np.bincount(index, weights=confidence, minlength=bins) / np.maximum(count, 1)
    return Calibration(edges, count, np.bincount(index[correct], minlength=bins), mean)
