"""The three hands with the same weights and batch: one function, in float64, down to the rounding.

Compared are the logits and every layer's output as a network reads, the loss, all gradients and the running averages as
it trains. A difference is relative to the largest value of its array; for gradients to no less than a thousandth of the
network's largest, because some are zero but for rounding (a bias under a batch normalisation).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from byhand.hands import HANDS, Network, build
from byhand.measure.proof.differences import SMALL_PARAMETER
from byhand.measure.proof.result import Check, Part, furthest, gathered
from byhand.measure.proof.subject import noisy, weights
from byhand.spec import Spec
from byhand.streams import generator

NAME = "three hands"
TOLERANCE = 1e-10
BATCH = 32


def check_hands(spec: Spec, seed: int) -> Check:
    """Compare the tensor and the torch hand with the numpy hand."""
    parts = [part for hand in HANDS if hand != "numpy" for part in _compared(spec, hand, seed)]
    return gathered(NAME, TOLERANCE, parts)


def _compared(spec: Spec, hand: str, seed: int) -> Iterator[Part]:
    ours, theirs = _loaded(spec, "numpy", seed), _loaded(spec, hand, seed)
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


def _loaded(spec: Spec, hand: str, seed: int) -> Network:
    network = build(spec, hand, seed=seed, dtype="float64")
    network.load(weights(spec, seed))
    return network
