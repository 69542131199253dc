"""A classifier's parameters and data -> the spec and the configuration of its training."""

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

NOT_SETTINGS = ("threads", "watch_test")
"""Settings of a run that a classifier does not have: the caller sets the threads, and there are no test digits."""


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Labelled rows of any width, with the part of `Digits` that the training loop uses."""

    images: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.images)

    def labelled(self) -> Array:
        """The labels, integers from 0."""
        return self.labels

    def __getitem__(self, chosen: Any) -> LabelledRows:
        return LabelledRows(self.images[chosen], self.labels[chosen])


def make_config(own: Mapping[str, Any], further: Mapping[str, Any] | None) -> TrainingConfig:
    """The training configuration; raises `ByhandError` if a setting is unknown, invalid or given twice."""
    default = {name: value for name, value in TrainingConfig.defaults().items() if name not in NOT_SETTINGS}
    return TrainingConfig(**check_settings("DigitClassifier", default, merge(own, further)))


def make_spec(
    network: str | Spec, own: Mapping[str, Any], further: Mapping[str, Any] | None, X: Array, classes: int
) -> Spec:
    """The spec of a network (a name, or a spec that fits) for X ``(n, features)``, whose mean it standardizes with.

    Raises `ByhandError` if a setting is unknown, invalid or given twice, or the network does not fit the data.
    """
    width, settings = X.shape[1], merge(own, further)
    if isinstance(network, Spec):
        if settings:
            raise ByhandError(f"A Spec is complete; leave out {', '.join(settings)}.", code="settings.conflict")
        if (math.prod(network.input_shape), network.classes) != (width, classes):
            raise ByhandError(
                f"Invalid Spec from {network.input_shape} to {network.classes} logits; expected {width} columns and "
                f"{classes} classes.",
                code="sklearn.wrong_shape",
            )
        return network
    mean, deviation = mean_and_deviation(X)
    # Standardize divides by 255 first.
    spec = zoo.network(str(network), **{"mean": mean / 255, "std": deviation / 255, **settings})
    shape = (width,) if isinstance(spec.layers[1], Flatten) else (SIDE, SIDE)
    if math.prod(shape) != width:
        raise ByhandError(
            f"{network} reads pictures of {SIDE**2} pixels, and X has {width} columns; choose mlp or softmax.",
            code="sklearn.wrong_shape",
        )
    layers = (*spec.layers[:-1], dataclasses.replace(spec.layers[-1], units=classes))  # type: ignore[call-arg]
    return dataclasses.replace(spec, layers=layers, input_shape=shape)


def merge(own: Mapping[str, Any], further: Mapping[str, Any] | None) -> dict[str, Any]:
    """Join settings that have their own parameter with the others."""
    if twice := own.keys() & (further or {}).keys():
        raise ByhandError(
            f"DigitClassifier got {' and '.join(sorted(twice))} twice; set it by its own parameter.",
            code="settings.conflict",
        )
    return {**own, **(further or {})}


def mean_and_deviation(X: Array) -> tuple[float, float]:
    """Mean and standard deviation of all values in float64; a standard deviation of 0 becomes 1."""
    mean = X.mean(dtype=np.float64)
    # In blocks: as float64, bytes take eight times the memory.
    squares = sum(float(np.square(X[at : at + BLOCK] - mean).sum()) for at in range(0, len(X), BLOCK))
    return float(mean), math.sqrt(squares / X.size) or 1.0
