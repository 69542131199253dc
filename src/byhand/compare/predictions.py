"""What a trained network answers to the test digits, how fast it reads them, and where networks disagree."""

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

SAMPLE, PASSES, LEAST = 2000, 3, 0.05
"""Reading is timed over so many digits, at least so many times and for so many seconds."""


@dataclass(frozen=True, eq=False)
class Answers:
    """A network's answers to labelled digits.

    Attributes
    ----------
    digits
        What was read.
    given
        The answers ``(N,)``.
    rate
        Digits read a second; not a number where the device that the network was trained on is not here.
    """

    digits: Digits
    given: Array
    rate: float

    @property
    def wrong(self) -> Array:
        """Which answers are wrong, bool ``(N,)``."""
        missed: Array = self.given != self.digits.labelled()
        return missed

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return 1 - float(self.wrong.mean())


def answers(run: Run, digits: Digits) -> Answers:
    """Let the network of a run read digits, in the hand, with the threads and on the device that trained it.

    Raises
    ------
    ByhandError
        If the run is damaged, or its hand needs what is not installed.
    """
    config, began = run.recipe.config, run.environment
    threads = set_threads(began.get("threads", 0))
    device, timed = began.get("device", "cpu"), True
    try:
        choose_device(device, config.hand)
    except ByhandError:
        device, timed = "cpu", False
    network = run.load_network(config.hand, device=device)
    # Once more, for a torch that came with the network.
    set_threads(threads)
    logits, rate = _read(network, digits.images)
    return Answers(digits, logits.argmax(axis=1), rate if timed else math.nan)


def _read(network: Network, images: Array) -> tuple[Array, float]:
    logits = network.logits(images)
    # Timed once work arrays are made and threads awake; the shortest of several times is the least disturbed.
    sample, seconds = images[:SAMPLE], list[float]()
    while len(seconds) < PASSES or sum(seconds) < LEAST:
        began = time.perf_counter()
        network.logits(sample)
        seconds.append(time.perf_counter() - began)
    return logits, len(sample) / min(seconds)


def disputed(given: Sequence[Array], labels: Array, count: int, each: int = 2) -> Array:
    """Choose the digits that networks disagree about most.

    The measure is the entropy of the answers to a picture, ``-sum_k p_k log p_k`` with ``p_k`` the share of the
    networks that answer ``k``.

    Parameters
    ----------
    given
        The answers of every network, each ``(N,)``.
    labels
        What the digits are, ``(N,)``.
    count
        How many to choose at most; those about which all agree are never chosen.
    each
        How many of one class at most, so that not all are of the hardest.

    Returns
    -------
    numpy.ndarray
        Places among the digits, the most disputed first, of equals the first in the file.
    """
    votes = np.stack(given)
    shares = np.stack([(votes == k).mean(axis=0) for k in range(int(max(votes.max(), labels.max())) + 1)])
    entropy = -np.sum(shares * np.log(shares, where=shares > 0, out=np.zeros_like(shares)), axis=0)
    chosen: list[int] = []
    taken = dict.fromkeys(map(int, np.unique(labels)), 0)
    for place in np.argsort(-entropy.round(9), kind="stable"):
        label = int(labels[place])
        if entropy[place] <= 0 or len(chosen) == count:
            break
        if taken[label] < each:
            taken[label] += 1
            chosen.append(int(place))
    return np.array(chosen, np.intp)
