"""Confusion matrix, precision, recall and F1 of every class, computed by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from byhand.metrics.losses import Array


@dataclass(frozen=True, eq=False)
class Report:
    """A per-class report. Ratios with a zero denominator are 0.

    Attributes
    ----------
    confusion
        ``(K, K)`` counts, true class by row, predicted class by column.
    precision, recall, f1
        ``(K,)``, from 0 to 1.
    support
        ``(K,)`` number of images of each class.
    averages
        Precision, recall and F1 averaged over the classes present: ``"macro"`` and ``"weighted"`` by support.
    text
        The report as scikit-learn prints it, with four decimals.
    """

    confusion: Array
    precision: Array
    recall: Array
    f1: Array
    support: Array
    averages: dict[str, tuple[float, float, float]]
    text: str

    def __repr__(self) -> str:
        """The number of predictions and their accuracy."""
        return f"<Report on {int(self.confusion.sum()):,} predictions: accuracy {self.accuracy:.4f}>"

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def present(self) -> list[int]:
        """The classes that occur among labels or predictions."""
        return [int(k) for k in np.flatnonzero(self.confusion.sum(axis=0) + self.support)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        names = ("precision", "recall", "f1")
        return {
            "accuracy": self.accuracy,
            "classes": {name: getattr(self, name).tolist() for name in (*names, "support")},
            **{f"{kind}_average": dict(zip(names, values, strict=True)) for kind, values in self.averages.items()},
            "confusion": self.confusion.tolist(),
        }


def classification_report(labels: Array, predictions: Array, classes: int = 10) -> Report:
    """Compare predictions with labels.

    Parameters
    ----------
    labels, predictions
        Integers ``(N,)`` from 0 to `classes` - 1.
    classes
        Number of classes, K.
    """
    # Imported here: scikit-learn takes half a second, and only reports need it.
    from sklearn import metrics

    def scores(**options: Any) -> tuple[Array, Array, Array, Array]:
        found: tuple[Array, Array, Array, Array] = metrics.precision_recall_fscore_support(
            labels, predictions, zero_division=0, **options
        )
        return found

    averages = {}
    for kind in ("macro", "weighted"):
        precision, recall, f1, _ = scores(average=kind)
        averages[kind] = float(precision), float(recall), float(f1)
    return Report(
        metrics.confusion_matrix(labels, predictions, labels=range(classes)),
        *scores(labels=range(classes)),
        averages,
        metrics.classification_report(labels, predictions, digits=4, zero_division=0),
    )
