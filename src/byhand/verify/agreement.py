"""All hands with the same weights and batch: one function, in float64, down to the rounding.

Every other hand is compared with the textbook hand: the logits and every layer's output when reading; the loss, all
gradients and the running averages in training. A difference is relative to the largest value of its array; for
gradients to no less than a thousandth of the network's largest, because some are zero but for rounding (a bias under a
batch normalization).

The fast hand divides a large batch between threads. Here it is made to divide a small one too, and compared once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from byhand.hands import Network, build
from byhand.hands.by_fast.parallel import forced_parts
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.verify.differences import SMALL_PARAMETER
from byhand.verify.result import Check, Part, available_hands, combine, furthest
from byhand.verify.subject import noisy, weights

NAME = "hands agree"
TOLERANCE = 1e-10
BATCH = 32
PARTS = 3
"""Parts that the fast hand is made to divide a batch into; 32 pictures do not divide evenly."""


def check_hands(spec: Spec, seed: int, hands: Sequence[str] | None = None) -> Check:
    """Compare hands with the textbook hand, by default all that are available."""
    others = available_hands()[1:] if hands is None else hands
    parts = [part for hand in others for part in _compared(spec, hand, hand, seed)]
    if "fast" in others:
        with forced_parts(PARTS):
            parts += _compared(spec, "fast", "fast (in parts)", seed)
    return combine(NAME, TOLERANCE, parts)


def _compared(spec: Spec, hand: str, label: str, seed: int) -> Iterator[Part]:
    textbook, other = _loaded(spec, "numpy", seed), _loaded(spec, hand, seed)
    images, labels = noisy(spec, BATCH, seed)
    yield furthest("logits", textbook.logits(images), other.logits(images), label)
    outputs = other.activations(images)
    for name, values in textbook.activations(images).items():
        yield furthest(f"{name}, output", values, outputs[name], label)
    # The same values are dropped in both hands.
    loss = textbook.loss_and_gradient(images, labels, generator(seed, "proof", "dropout"))
    other_loss = other.loss_and_gradient(images, labels, generator(seed, "proof", "dropout"))
    yield furthest("loss", np.array(loss), np.array(other_loss), label)
    ours, theirs = textbook.gradients(), other.gradients()
    largest = max(float(np.abs(gradient).max()) for gradient in ours.values())
    for name, learned, kept in zip(spec.layer_names, spec.layer_parameters, spec.layer_state, strict=True):
        for parameter in learned:
            part, key = f"{name}, gradient of {parameter.name}", parameter.name
            yield furthest(part, ours[key], theirs[key], label, SMALL_PARAMETER * largest)
        for state in kept:
            yield furthest(f"{name}, {state.name}", textbook.state()[state.name], other.state()[state.name], label)


def _loaded(spec: Spec, hand: str, seed: int) -> Network:
    network = build(spec, hand, seed=seed, dtype="float64")
    network.load(weights(spec, seed))
    return network
