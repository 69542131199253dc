"""Precision, recall, F1 and support of every class, counted and written as scikit-learn's classification report does.

With ``C[t, p]`` the number of pictures of class ``t`` that were read as ``p``::

    precision = C[k, k] / sum_t C[t, k]      of those read as k, how many are
    recall    = C[k, k] / sum_p C[k, p]      of those that are k, how many were read so
    F1        = 2 precision recall / (precision + recall)
    support   = sum_p C[k, p]

A quotient of nothing by nothing counts as 0. A class that neither occurs nor was answered enters no average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from byhand.metrics.losses import Array

DIGITS = 4
"""Behind the point, in the report as text."""


@dataclass(frozen=True, eq=False)
class Report:
    """A per-class report.

    Attributes
    ----------
    confusion
        ``(K, K)`` counts, truth by row, answer by column.
    precision, recall, f1
        ``(K,)``, from 0 to 1.
    support
        ``(K,)`` pictures of each class.
    """

    confusion: Array
    precision: Array
    recall: Array
    f1: Array
    support: Array

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def there(self) -> list[int]:
        """The classes that occur or were answered."""
        return [int(k) for k in np.flatnonzero(self.confusion.sum(axis=0) + self.support)]

    def average(self, weighted: bool) -> tuple[float, float, float]:
        """Mean precision, recall and F1 over the classes that are there, plain or weighted by support."""
        weights = self.support[self.there] if weighted else np.ones(len(self.there))
        precision, recall, f1 = (
            float(np.average(values[self.there], weights=weights)) for values in (self.precision, self.recall, self.f1)
        )
        return precision, recall, f1

    def to_text(self) -> str:
        """Write the report as scikit-learn does, with four digits behind the point."""
        wide = len("weighted avg")
        line = "{:>{wide}s} " + " {:>9.{digits}f}" * 3 + " {:>9}"
        rows = [f"{'':>{wide}s} " + "".join(f" {head:>9}" for head in ("precision", "recall", "f1-score", "support"))]
        rows.append("")
        for k in self.there:
            values = self.precision[k], self.recall[k], self.f1[k]
            rows.append(line.format(str(k), *values, self.support[k], wide=wide, digits=DIGITS))
        total = int(self.support.sum())
        rows += ["", f"{'accuracy':>{wide}s} {'':>20} {self.accuracy:>9.{DIGITS}f} {total:>9}"]
        for name, weighted in (("macro avg", False), ("weighted avg", True)):
            rows.append(line.format(name, *self.average(weighted), total, wide=wide, digits=DIGITS))
        return "\n".join(rows) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        named = ("precision", "recall", "f1", "support")
        return {
            "accuracy": self.accuracy,
            "classes": {name: getattr(self, name).tolist() for name in named},
            "macro_average": dict(zip(named, self.average(weighted=False), strict=False)),
            "weighted_average": dict(zip(named, self.average(weighted=True), strict=False)),
            "confusion": self.confusion.tolist(),
        }


def classification_report(labels: Array, answers: Array, classes: int = 10) -> Report:
    """Count answers against labels.

    Parameters
    ----------
    labels, answers
        Integers ``(N,)`` from 0 to `classes` - 1.
    classes
        Number of classes, K.
    """
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    right = np.diag(confusion).astype(float)
    support, answered = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _quotient(right, answered), _quotient(right, support)
    f1 = _quotient(2 * right, support + answered)
    return Report(confusion, precision, recall, f1, support)


def _quotient(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
