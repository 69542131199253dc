"""Networks as scikit-learn's classifiers: ``DigitClassifier("mlp", hidden=64).fit(X, y)``.

They are trained by the project's own engine, silently and without files, in any hand. Nothing prepares X but the
network's first layer: it subtracts the mean of all values of the training X and divides by their deviation, so that
pixels may come as 0 to 255 or as 0 to 1, as long as they always come so. Features of unlike scales want a
``StandardScaler`` before.
"""

from __future__ import annotations

from byhand.sklearn.classifier import DigitClassifier

__all__ = ["DigitClassifier"]
