"""Predictions on the test digits, how fast they are made, and the digits on which networks disagree."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byhand.data import Digits
from byhand.errors import ByhandError
from byhand.hands import Array, Network
from byhand.training.environment import choose_device, set_threads
from byhand.training.run import Run

SAMPLE, REPEATS, MINIMUM_SECONDS = 2000, 3, 0.05
"""Speed is the fastest of several passes over a sample: at least so many digits, passes and seconds."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """A network's predictions on labelled digits.

    Attributes
    ----------
    digits
        The labelled digits.
    classes
        The predicted class of each, ``(N,)``.
    rate
        Predictions a second; NaN if the device that trained the network is not available here.
    """

    digits: Digits
    classes: Array
    rate: float

    @property
    def wrong(self) -> Array:
        """Which predictions are wrong, bool ``(N,)``."""
        wrong: Array = self.classes != self.digits.labelled()
        return wrong

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return 1 - float(self.wrong.mean())


def predict(run: Run, digits: Digits) -> Predictions:
    """Classify digits with a run's network, in the hand and with the threads and device that trained it.

    Raises
    ------
    ByhandError
        If the run is damaged, or its hand is not installed.
    """
    hand, threads = run.recipe.config.hand, set_threads(run.environment.get("threads", 0))
    device = run.environment.get("device", "cpu")
    try:
        choose_device(device, hand, run.recipe.config.dtype)
        available = True
    except ByhandError:
        device, available = "cpu", False
    # A network that was trained in this process is used as it is.
    trained = run.has_network and run.hand == hand and str(getattr(run.network, "device", "cpu")) == device
    network = run.network if trained else run.load_network(hand, device=device)
    # Again, because building a network may have imported torch, which has its own threads.
    set_threads(threads)
    classes = network.logits(digits.images).argmax(axis=1)
    return Predictions(digits, classes, _rate(network, digits.images[:SAMPLE]) if available else math.nan)


def _rate(network: Network, images: Array) -> float:
    seconds = list[float]()
    while len(seconds) < REPEATS or sum(seconds) < MINIMUM_SECONDS:
        began = time.perf_counter()
        network.logits(images)
        seconds.append(time.perf_counter() - began)
    return len(images) / min(seconds)


def most_disputed(predictions: Sequence[Array], labels: Array, count: int, per_class: int = 2) -> Array:
    """Choose the digits on which networks disagree most.

    Disagreement is the entropy of the predictions for a digit, ``-sum_k p_k log p_k`` with ``p_k`` the fraction of the
    networks that predict ``k``.

    Parameters
    ----------
    predictions
        The classes that each network predicts, each ``(N,)``.
    labels
        The true classes, ``(N,)``.
    count, per_class
        How many digits to choose at most, in all and of one class. Digits on which all agree are never chosen.

    Returns
    -------
    numpy.ndarray
        Indices of the digits, the most disputed first; ties in the order of the digits.
    """
    votes = np.stack(predictions)
    p = np.stack([(votes == k).mean(axis=0) for k in range(int(max(votes.max(), labels.max())) + 1)])
    entropy = -np.sum(p * np.log(p, where=p > 0, out=np.zeros_like(p)), axis=0)
    order = np.argsort(-entropy.round(9), kind="stable")
    order = order[entropy[order] > 0]
    # The rank of a digit among those of its class.
    same_class = labels[order][:, None] == np.arange(labels.max() + 1)
    rank = np.cumsum(same_class, axis=0)[same_class]
    chosen: Array = order[rank <= per_class][:count]
    return chosen
