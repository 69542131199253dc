"""How far the hands diverge when they train side by side, each with its own gradients and optimizer.

Every step rounds, and no two hands add in the same order; what differs then feeds on itself. In float64 a hundred steps
leave a difference that no measurement of a network could see, and the check demands it. In float32 the drift is only
measured: its rounding is 500 million times coarser, so that now and then a value lies within it of a kink, and a
rectifier opens, or another value is the largest, in one hand and not in the other. That is a jump and no rounding.

All networks take the same steps, gradient descent with momentum, so that their drifts can be compared. A method that
makes a full step of the sign of a tiny gradient, as Adam does at first, would measure its own sensitivity instead: the
stacked LSTM with its recipe's Adam at a rate of 0.01 drifts by 1e-4 in float64, and by all there is in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from byhand.hands import build
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import optimizer
from byhand.verify.differences import SMALL_PARAMETER
from byhand.verify.result import Check, Drift, available_hands, furthest
from byhand.verify.subject import pictures

STEPS = 100
BATCH = 8
CONFIG = TrainingConfig(optimizer="momentum", lr=0.005, momentum=0.9)
TOLERANCES = {"float64": 1e-10, "float32": math.inf}


def measure_drift(spec: Spec, dtype: str, seed: int, steps: int = STEPS, hands: Sequence[str] | None = None) -> Drift:
    """Train all hands on the same batches and compare their parameters after each step.

    Parameters
    ----------
    spec
        The network.
    dtype
        Floating-point type of the networks.
    seed
        Seed of the starting weights, the batches and dropout.
    steps
        Number of steps.
    hands
        The other hands; by default all that are available.

    Returns
    -------
    Drift
        For each other hand the largest difference of any parameter to the textbook hand's, relative to the largest
        value of that parameter, or to a thousandth of the largest of all: a bias under a batch normalization stays
        zero but for rounding.
    """
    compared = available_hands() if hands is None else ("numpy", *hands)
    networks = {hand: build(spec, hand, seed=seed, dtype=dtype) for hand in compared}
    optimizers = {hand: optimizer(network, CONFIG) for hand, network in networks.items()}
    textbook, *others = networks
    by_hand: dict[str, list[float]] = {hand: [] for hand in others}
    for step in range(steps):
        images, labels = pictures(spec, BATCH, seed + step * BATCH)
        for hand, network in networks.items():
            network.loss_and_gradient(images, labels, generator(seed, "dropout", step))
            optimizers[hand].step(CONFIG.lr)
        ours = networks[textbook].parameters()
        least = SMALL_PARAMETER * max(float(np.abs(value).max()) for value in ours.values())
        for hand in others:
            theirs = networks[hand].parameters()
            parts = [furthest(name, ours[name], theirs[name], hand, least) for name in ours]
            by_hand[hand].append(max(part.difference for part in parts))
    return Drift(dtype, by_hand)


def check_drift(drift: Drift) -> Check:
    """Judge a drift where it is widest."""
    tolerance = TOLERANCES[drift.dtype]
    worst = {hand: max(values) for hand, values in drift.by_hand.items()}
    hand = max(worst, key=lambda hand: worst[hand])
    step = drift.by_hand[hand].index(worst[hand]) + 1
    where = f"{hand} hand after step {step} of {len(drift.by_hand[hand])}"
    fails = math.isinf(worst[hand]) or worst[hand] > tolerance
    return Check(
        f"drift, {drift.dtype}",
        worst[hand],
        tolerance,
        sum(len(values) for values in drift.by_hand.values()),
        where,
        (f"{where}: parameters differ by {worst[hand]:.1e} of their largest value",) if fails else (),
        details=worst,
    )
