"""From the parameters of a classifier, and the data it is fitted to, to a spec and a training."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from byhand.data.digits import SIDE
from byhand.errors import ByhandError
from byhand.hands import Array
from byhand.hands.base import BLOCK
from byhand.models import zoo
from byhand.models.layers import Flatten
from byhand.models.spec import Spec
from byhand.options import check_settings
from byhand.training.config import TrainingConfig

NONE_OF_OURS = ("threads", "watch_test")
"""Settings of a run that a classifier has not: its threads are its caller's, and it knows no test digits."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled rows of any width: what the engine asks of `Digits`."""

    images: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.images)

    def labelled(self) -> Array:
        """Give the labels, integers from 0."""
        return self.labels

    def __getitem__(self, chosen: Any) -> Rows:
        return Rows(self.images[chosen], self.labels[chosen])


def training(own: Mapping[str, Any], further: Mapping[str, Any] | None) -> TrainingConfig:
    """Bring together how a classifier is trained.

    Raises
    ------
    ByhandError
        If a setting is unknown, impossible or given twice.
    """
    default = {name: value for name, value in TrainingConfig.defaults().items() if name not in NONE_OF_OURS}
    return TrainingConfig(**check_settings("DigitClassifier", default, together(own, further)))


def described(
    network: str | Spec, own: Mapping[str, Any], further: Mapping[str, Any] | None, X: Array, classes: int
) -> Spec:
    """Describe a network for data.

    Parameters
    ----------
    network
        The name of a network of the zoo, or a spec that fits the data as it is.
    own, further
        Settings of the zoo's network.
    X
        ``(n, features)``; the network's `Standardize` is chosen by it.
    classes
        How many there are.

    Raises
    ------
    ByhandError
        If a setting is unknown, impossible or given twice, or the network does not fit the data.
    """
    width, told = X.shape[1], together(own, further)
    if isinstance(network, Spec):
        if told:
            raise ByhandError(f"A Spec says all of a network, and {', '.join(told)} was given, too; leave that out.")
        if (math.prod(network.input_shape), network.classes) != (width, classes):
            raise ByhandError(
                f"The Spec leads from {network.input_shape} to {network.classes} logits, and the data from {width} "
                f"columns to {classes} classes; give one that fits them."
            )
        return network
    mean, deviation = mean_and_deviation(X)
    # Standardize divides by 255 first.
    spec = zoo.network(str(network), **{"mean": mean / 255, "std": deviation / 255, **told})
    shape = (width,) if isinstance(spec.layers[1], Flatten) else (SIDE, SIDE)
    if math.prod(shape) != width:
        raise ByhandError(
            f"{network} reads pictures, {SIDE**2} pixels each, and X has {width} columns; "
            "give such pictures, or choose mlp or softmax."
        )
    layers = (*spec.layers[:-1], dataclasses.replace(spec.layers[-1], units=classes))  # type: ignore[call-arg]
    return dataclasses.replace(spec, layers=layers, input_shape=shape)


def together(own: Mapping[str, Any], further: Mapping[str, Any] | None) -> dict[str, Any]:
    """Join settings that have a parameter of their own with those that have none."""
    if twice := own.keys() & (further or {}).keys():
        raise ByhandError(
            f"DigitClassifier was given {' and '.join(sorted(twice))} twice; give it once, by its own name."
        )
    return {**own, **(further or {})}


def mean_and_deviation(X: Array) -> tuple[float, float]:
    """Mean and standard deviation of all values, in float64; a deviation of 0 counts as 1."""
    mean = X.mean(dtype=np.float64)
    # Block by block: bytes take eight times the memory as float64.
    squares = sum(float(np.square(X[at : at + BLOCK] - mean).sum()) for at in range(0, len(X), BLOCK))
    return float(mean), math.sqrt(squares / X.size) or 1.0
