"""Networks as scikit-learn classifiers: ``DigitClassifier("mlp", hidden=64).fit(X, y)``.

They are trained by byhand's own loop, silently and without files, in any hand. X is standardized by the network's first
layer, with one mean and one standard deviation of all values of the training X, so pixels may range from 0 to 255 or
from 0 to 1, but always the same. For features of different scales, put a ``StandardScaler`` before the classifier.
"""

from __future__ import annotations

from byhand.sklearn.classifier import DigitClassifier
from byhand.sklearn.scale import NotFiniteError, ScaleWarning

__all__ = ["DigitClassifier", "NotFiniteError", "ScaleWarning"]
