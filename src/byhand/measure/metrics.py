"""Precision, recall, F1 and support of every class, counted as scikit-learn's classification report counts them.

With ``C[t, p]`` the number of pictures of class ``t`` that were read as ``p``::

    precision = C[k, k] / sum_t C[t, k]      of those read as k, how many are
    recall    = C[k, k] / sum_p C[k, p]      of those that are k, how many were read so
    F1        = 2 precision recall / (precision + recall)
    support   = sum_p C[k, p]

A quotient of nothing by nothing counts as 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byhand.losses import Array


@dataclass(frozen=True)
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

    def average(self, weighted: bool) -> tuple[float, float, float]:
        """Mean precision, recall and F1 over the classes that occur or were answered, plain or weighted by support."""
        there = (self.confusion.sum(axis=0) + self.support) > 0
        weights = self.support[there] if weighted else np.ones(int(there.sum()))
        return tuple(float(np.average(v[there], weights=weights)) for v in (self.precision, self.recall, self.f1))  # type: ignore[return-value]

    def to_text(self) -> str:
        """Write the report as lines of text."""
        wide = max(len(f"{self.support.sum():,}"), 7)
        lines = [f"{'':>12}  precision  recall      F1  {'support':>{wide}}"]
        rows = [
            (str(k), (p, r, f), n)
            for k, (p, r, f, n) in enumerate(zip(self.precision, self.recall, self.f1, self.support, strict=True))
        ]
        total = int(self.support.sum())
        for name, (p, r, f), n in [
            *rows,
            ("macro avg", self.average(weighted=False), total),
            ("weighted avg", self.average(weighted=True), total),
        ]:
            lines.append(f"{name:>12}     {p:.4f}  {r:.4f}  {f:.4f}  {int(n):>{wide},}")
        lines.append(f"{'accuracy':>12}                     {self.accuracy:.4f}  {total:>{wide},}")
        return "\n".join(lines)


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


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval by Student's t; the half-width of a single value is not a number."""
    from scipy.stats import t

    count = len(values)
    mean = float(np.mean(values))
    if count < 2:
        return mean, float("nan")
    return mean, float(t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
