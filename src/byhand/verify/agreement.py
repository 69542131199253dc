"""The three hands with the same weights and batch: one function, in float64, down to the rounding.

Compared are the logits and every layer's output as a network reads, the loss, all gradients and the running averages as
it trains. A difference is relative to the largest value of its array; for gradients to no less than a thousandth of the
network's largest, because some are zero but for rounding (a bias under a batch normalisation).

The numpy hand divides a batch, or what is long in a layer, between processors, where there are several and work enough.
That it computes the same then is part of this check: it is made to, and compared with itself undivided.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from byhand.hands import HANDS, Network, build
from byhand.hands.by_fast.threads import divided
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.verify.differences import SMALL_PARAMETER
from byhand.verify.result import Check, Part, furthest, gathered
from byhand.verify.subject import noisy, weights

NAME = "three hands"
TOLERANCE = 1e-10
BATCH = 32
PARTS = 3
"""Parts that the numpy hand divides a batch into; 32 pictures do not divide evenly, so that shares differ."""


def check_hands(spec: Spec, seed: int) -> Check:
    """Compare the tensor and the torch hand with the numpy hand, and that with itself in parts."""
    parts = [part for hand in HANDS if hand != "fast" for part in _compared(spec, hand, seed)]
    return gathered(NAME, TOLERANCE, [*parts, *_in_parts(spec, seed)])


def _compared(spec: Spec, hand: str, seed: int) -> Iterator[Part]:
    ours, theirs = _loaded(spec, "fast", seed), _loaded(spec, hand, seed)
    images, labels = noisy(spec, BATCH, seed)
    yield furthest("logits", ours.logits(images), theirs.logits(images), hand)
    seen = theirs.activations(images)
    for name, values in ours.activations(images).items():
        yield furthest(f"{name}, output", values, seen[name], hand)
    # The same values are dropped in both hands.
    loss, other = (
        network.loss_and_gradient(images, labels, generator(seed, "proof", "dropout")) for network in (ours, theirs)
    )
    yield furthest("loss", np.array(loss), np.array(other), hand)
    mine, others = ours.gradients(), theirs.gradients()
    largest = max((float(np.abs(gradient).max()) for gradient in mine.values()), default=0.0)
    for name, learnt, kept in zip(spec.layer_names, spec.layer_parameters, spec.layer_state, strict=True):
        for parameter in learnt:
            key = parameter.name
            yield furthest(f"{name}, gradient of {key}", mine[key], others[key], hand, SMALL_PARAMETER * largest)
        for state in kept:
            yield furthest(f"{name}, {state.name}", ours.state()[state.name], theirs.state()[state.name], hand)


def _in_parts(spec: Spec, seed: int) -> Iterator[Part]:
    """Compare the numpy hand with itself in parts; nothing, where it divides nothing."""
    whole, parted = _loaded(spec, "fast", seed), _loaded(spec, "numpy", seed)
    images, labels = noisy(spec, BATCH, seed)
    # First the logits: training moves running averages.
    read = whole.logits(images)
    loss = whole.loss_and_gradient(images, labels, generator(seed, "proof", "dropout"))
    with divided(PARTS) as done:
        logits = parted.logits(images)
        other = parted.loss_and_gradient(images, labels, generator(seed, "proof", "dropout"))
    if not done.times:
        return
    who = "divided numpy"
    yield furthest("in parts, logits", read, logits, who)
    yield furthest("in parts, loss", np.array(loss), np.array(other), who)
    mine, others = whole.gradients(), parted.gradients()
    largest = max(float(np.abs(gradient).max()) for gradient in mine.values())
    for name, gradient in mine.items():
        yield furthest(f"in parts, gradient of {name}", gradient, others[name], who, SMALL_PARAMETER * largest)


def _loaded(spec: Spec, hand: str, seed: int) -> Network:
    network = build(spec, hand, seed=seed, dtype="float64")
    network.load(weights(spec, seed))
    return network
