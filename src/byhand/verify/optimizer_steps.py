"""Every optimizer of ours against ``torch.optim``: fed the same gradients, they must take the same fifty steps.

The gradients are given, and not computed, so that nothing but the formulas is compared: a pull towards zero and noise,
with entries between 1e-4 and 1. Each formula runs on a NumPy vector and on a tensor, plain, with L2 on weights, and
with L2 on all and clipping, at a learning rate that changes every step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from byhand.hands import Network, build
from byhand.hands.base import Array, views
from byhand.models import zoo
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import FORMULAS, optimizer
from byhand.verify.result import Check, Part, combine, furthest

if TYPE_CHECKING:
    from byhand.hands.by_torch.network import TorchNetwork

TOLERANCE = 1e-10
STEPS = 50
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "L2 on weights": {"l2": 0.03},
    "L2 on all, clipped": {"l2": 0.03, "decay_biases": True, "clip": 2.0},
}


def check_optimizers(seed: int) -> tuple[Check, ...]:
    """Check every formula, one check each."""
    spec = zoo.network("mlp", hidden=(6,), pixels=tuple(range(300, 330)))
    return tuple(combine(name, TOLERANCE, _compared(spec, name, seed)) for name in FORMULAS)


def _compared(spec: Spec, name: str, seed: int) -> Iterator[Part]:
    for variant, settings in VARIANTS.items():
        config = TrainingConfig(optimizer=name, lr=0.05, **settings)
        wanted = _stepped(spec, config, "torch", seed)
        for hand in ("numpy", "tensor"):
            for key, value in _stepped(spec, config, hand, seed).items():
                yield furthest(f"{name} ({variant}), {hand} vector, {key}", value, wanted[key], "torch")


def _stepped(spec: Spec, config: TrainingConfig, hand: str, seed: int) -> dict[str, Array]:
    """Take the steps in one hand; gives its parameters."""
    network = build(spec, hand, seed=seed, dtype="float64")
    moving = optimizer(network, config)
    draw = generator(seed, "proof", "optimizers")
    sizes = 10 ** draw.uniform(-4, 0, spec.size)
    for step in range(STEPS):
        theta = np.concatenate([value.ravel() for value in network.parameters().values()])
        _set_gradient(network, 0.1 * theta + sizes * draw.normal(0, 1, spec.size))
        moving.step(config.lr * (1 + math.cos(step)) / 2)
    return {name: value.copy() for name, value in network.parameters().items()}


def _set_gradient(network: Network, gradient: Array) -> None:
    """Put a gradient where the hand's optimizer looks for it."""
    for name, value in views(gradient, network.spec.parameters).items():
        if network.flat:
            network.gradients()[name][...] = value
        else:
            cast("TorchNetwork", network).set_gradient(name, value)
