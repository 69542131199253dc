"""Whether a network's confidence can be taken at its word: of answers given with 80 %, 80 % should be right.

Answers are put into bins by their confidence, the probability of the answer. A calibrated network's bins lie on the
diagonal: as many are right as it was confident. The expected calibration error is the mean distance from it, weighted
by the answers in a bin (Guo et al., *On Calibration of Modern Neural Networks*, 2017)::

    ECE = sum_b n_b / N |accuracy_b - confidence_b|
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byhand.metrics.losses import Array

BINS = 15
"""As many as Guo et al. take."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Answers by their confidence. Bins that are empty hold 0 everywhere.

    Attributes
    ----------
    edges
        ``(M + 1,)`` borders of the bins, from 0 to 1; a bin holds its upper one.
    count, right
        ``(M,)`` answers, and those of them that are right.
    confidence
        ``(M,)`` mean confidence of the answers in a bin.
    """

    edges: Array
    count: Array
    right: Array
    confidence: Array

    @property
    def accuracy(self) -> Array:
        """Share of right answers in every bin, ``(M,)``."""
        shares: Array = self.right / np.maximum(self.count, 1)
        return shares

    @property
    def error(self) -> float:
        """The expected calibration error, from 0 to 1."""
        return float(np.sum(self.count * np.abs(self.accuracy - self.confidence)) / self.count.sum())

    @property
    def surplus(self) -> float:
        """Mean confidence less accuracy: above 0 the network claims too much, below 0 too little."""
        return float(np.sum(self.count * self.confidence - self.right) / self.count.sum())


def calibration(probabilities: Array, labels: Array, bins: int = BINS) -> Calibration:
    """Sort answers by their confidence.

    Parameters
    ----------
    probabilities
        ``(N, K)``; the answer is the class with the largest.
    labels
        Integers ``(N,)``.
    bins
        Number of bins of equal width, M.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], sure)
    count = np.bincount(place, minlength=bins)
    confidence = np.bincount(place, weights=sure, minlength=bins) / np.maximum(count, 1)
    return Calibration(edges, count, np.bincount(place[right], minlength=bins), confidence)
