"""The javascript hand against the textbook hand: the same weights and batch, in float64 and in float32.

What is compared is what `byhand.verify.agreement` compares of the other hands, and the parameters after some steps of
gradient descent with momentum. A layer from outside byhand has no javascript; then there is nothing to compare.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from byhand.errors import ByhandError
from byhand.hands import Network, build
from byhand.hands.base import Array
from byhand.models import zoo
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import optimizer
from byhand.verify.differences import SMALL_PARAMETER
from byhand.verify.javascript_runtime import run_javascript
from byhand.verify.result import Check, Part, combine, furthest
from byhand.verify.subject import noisy, weights

HAND = "javascript"
TOLERANCES = {"float64": 1e-10, "float32": 1e-4}
LEAST = {"float64": SMALL_PARAMETER, "float32": 0.1}
"""A gradient's difference is relative to no less than this fraction of the network's largest: one that is zero but for
rounding (a bias under a batch normalization) is rounded, in float32, after 24 bits of each of its terms."""
BATCH, STEPS = 16, 5
CONFIG = TrainingConfig(optimizer="momentum", lr=0.005, momentum=0.9)
OPTIMIZERS = ("sgd", "momentum", "adam")


def check_javascript(spec: Spec, seed: int, dtypes: Sequence[str] = tuple(TOLERANCES)) -> tuple[Check, ...]:
    """Compare the javascript hand with the textbook hand, one check for each precision."""
    for entry in spec.entries:
        if type(entry.layer).__module__.partition(".")[0] != "byhand":
            return (Check(HAND, skipped=f"{entry.layer.kind} is defined outside byhand, and has no javascript"),)
    try:
        found = _answer(spec, seed)
    except ByhandError as problem:
        if problem.code != "hands.no_javascript":
            raise
        return (Check(HAND, skipped=str(problem)),)
    return tuple(
        combine(f"{HAND}, {dtype}", TOLERANCES[dtype], _compared(spec, dtype, seed, found)) for dtype in dtypes
    )


def check_javascript_optimizers(seed: int) -> Check:
    """Feed the optimizers of both hands the same gradients for fifty steps."""
    spec = zoo.network("softmax", pixels=tuple(range(300, 320)))
    draw = generator(seed, "proof", "optimizers")
    gradients = 10 ** draw.uniform(-4, 0, spec.size) * draw.normal(0, 1, (50, spec.size))
    rates = [0.05 * (1 + math.cos(step)) / 2 for step in range(len(gradients))]
    settings: dict[str, Any] = {"momentum": 0.8, "beta1": 0.85, "beta2": 0.99, "epsilon": 1e-7}
    networks = {name: build(spec, "numpy", seed=seed, dtype="float64") for name in OPTIMIZERS}
    request = {"theta": networks["sgd"].theta.copy(), "gradients": gradients}
    try:
        found = _ask(request, {"proof": {"rates": rates, "config": settings}})
    except ByhandError as problem:
        if problem.code != "hands.no_javascript":
            raise
        return Check(HAND, skipped=str(problem))
    for name, network in networks.items():
        moving = optimizer(network, TrainingConfig(optimizer=name, **settings))
        for gradient, rate in zip(gradients, rates, strict=True):
            network.gradient[...] = gradient
            moving.step(rate)
    parts = [furthest(f"{name}, theta", networks[name].theta, found[name], HAND) for name in OPTIMIZERS]
    return combine(HAND, TOLERANCES["float64"], parts)


def _ask(arrays: dict[str, Array], header: dict[str, Any]) -> dict[str, Array]:
    """Send arrays and a header, receive arrays."""
    request = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    answer = run_javascript(save(request, {"byhand": json.dumps(header)}))
    length = int.from_bytes(answer[:8], "little")
    error = json.loads(answer[8 : 8 + length]).get("__metadata__", {}).get("error")
    if error:
        problem = json.loads(error)
        raise ByhandError(str(problem["message"]), code=str(problem["code"]))
    return load(answer)


def _answer(spec: Spec, seed: int) -> dict[str, Array]:
    images, labels = noisy(spec, BATCH, seed)
    state = generator(seed, "proof", "dropout").bit_generator.state["state"]
    proof = {
        "dtypes": list(TOLERANCES),
        "rng": {name: str(state[name]) for name in ("state", "inc")},
        "steps": STEPS,
        "lr": CONFIG.lr,
        "momentum": CONFIG.momentum,
    }
    arrays = {**weights(spec, seed), "proof/images": images, "proof/labels": labels.astype(np.uint8)}
    return _ask(arrays, {"spec": spec.to_dict(), "proof": proof})


def _compared(spec: Spec, dtype: str, seed: int, found: dict[str, Array]) -> Iterator[Part]:
    def compared(part: str, ours: Array, kind: str, name: str = "", least: float = 0.0) -> Part:
        return furthest(part, ours, found.get(f"{dtype}/{kind}/{name}", np.empty(0)), HAND, least)

    textbook = _textbook(spec, dtype, seed)
    images, labels = noisy(spec, BATCH, seed)
    yield compared("logits", textbook.logits(images), "logits")
    for name, values in textbook.activations(images).items():
        yield compared(f"{name}, output", values, "output", name)
    loss = textbook.loss_and_gradient(images, labels, generator(seed, "proof", "dropout"))
    yield compared("loss", np.array(loss), "loss")
    gradients = textbook.gradients()
    least = LEAST[dtype] * max(float(np.abs(gradient).max()) for gradient in gradients.values())
    for layer, learned, kept in zip(spec.layer_names, spec.layer_parameters, spec.layer_state, strict=True):
        for parameter in learned:
            part = f"{layer}, gradient of {parameter.name}"
            yield compared(part, gradients[parameter.name], "gradient", parameter.name, least)
        for state in kept:
            yield compared(f"{layer}, {state.name}", textbook.state()[state.name], "state", state.name)
    if dtype == "float64":
        trained = _trained(spec, seed)
        least = SMALL_PARAMETER * max(float(np.abs(value).max()) for value in trained.values())
        for name, value in trained.items():
            yield compared(f"{name} after {STEPS} steps", value, "trained", name, least)


def _textbook(spec: Spec, dtype: str, seed: int) -> Network:
    network = build(spec, "numpy", seed=seed, dtype=dtype)
    network.load(weights(spec, seed))
    return network


def _trained(spec: Spec, seed: int) -> dict[str, Array]:
    network = _textbook(spec, "float64", seed)
    moving, rng = optimizer(network, CONFIG), generator(seed, "proof", "dropout")
    images, labels = noisy(spec, BATCH, seed)
    for _ in range(STEPS):
        network.loss_and_gradient(images, labels, rng)
        moving.step(CONFIG.lr)
    return network.parameters()
