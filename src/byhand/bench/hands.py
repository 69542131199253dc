"""How fast the hands are: training steps, epochs and reading, timed in turns in one process, and the floor below them.

Machines are shared and their speed drifts, so the hands take turns (numpy, fast, tensor, torch, numpy, ...) and are
compared by ratios of medians. The lower bound is the time that only the matrix products of a network would take at the
rate at which this machine multiplies large matrices.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from byhand.data import Digits
from byhand.hands import Array, Network, build
from byhand.models.layers import Attention, Conv2d, Linear, Recurrent
from byhand.models.spec import Spec
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import optimizer

BASE = "torch"
"""The reference of every ratio: the torch hand in eager mode, in the library's default memory layout."""
CHANNELS_LAST = "torch, channels last"
PAUSE = 0.06
"""Seconds between two turns: a library's idle threads look for work for about that long."""
STEPS = 10
"""Steps in a turn, so that threads and caches settle as they do in training."""


@dataclass(frozen=True)
class Timing:
    """Times of one thing, in seconds.

    Attributes
    ----------
    median, low, high
        Median and quartiles; all the same where it was timed once.
    rounds
        How often it was timed.
    """

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, seconds: list[float]) -> Timing:
        """Summarize times."""
        if len(seconds) < 2:
            return cls(seconds[0], seconds[0], seconds[0], len(seconds))
        low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
        return cls(median, low, high, len(seconds))


@dataclass(frozen=True)
class Bench:
    """The times of one network.

    Attributes
    ----------
    name, spec
        The network.
    batch
        Pictures in a training step.
    step, epoch, reading
        For each hand: one training step, one epoch, and reading `read` pictures.
    read
        Number of pictures read.
    rate
        Operations per second of large products on this machine.
    """

    name: str
    spec: Spec
    batch: int
    step: dict[str, Timing]
    epoch: dict[str, Timing]
    reading: dict[str, Timing]
    read: int
    rate: float

    def __repr__(self) -> str:
        """The network and the hands that were timed."""
        return f"<Bench of {self.name}: {', '.join(self.step)}>"

    @property
    def floor(self) -> float:
        """Seconds that the matrix products of a training step take at the machine's rate."""
        return operations(self.spec) * self.batch / self.rate

    def ratio(self, what: str, hand: str) -> float | None:
        """How many times as fast as the torch hand a hand is in a ``step``, an ``epoch`` or in ``reading``."""
        timings: Mapping[str, Timing] = getattr(self, what)
        return timings[BASE].median / timings[hand].median if BASE in timings and hand in timings else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        values: dict[str, Any] = {
            "network": self.name,
            "batch": self.batch,
            "floor_seconds": self.floor,
            "read": self.read,
        }
        for what in ("step", "epoch", "reading"):
            by_hand: Mapping[str, Timing] = getattr(self, what)
            values[what] = {
                hand: {
                    "median": timing.median,
                    "quartiles": [timing.low, timing.high],
                    "rounds": timing.rounds,
                    "times_as_fast_as_torch": self.ratio(what, hand),
                }
                for hand, timing in by_hand.items()
            }
        return values | {
            "fraction_of_product_rate": {hand: self.floor / timing.median for hand, timing in self.step.items()}
        }


def operations(spec: Spec, training: bool = True) -> int:
    """Count the operations (a multiplication and an addition are two) of one picture's matrix products.

    A layer multiplies once in the forward pass; in the backward pass once for its weights and once for its input,
    except that the gradient to the pixels is not needed.
    """
    total, above_pixels = 0, False
    for layer, shape, made in ((entry.layer, entry.before, entry.after) for entry in spec.entries):
        if isinstance(layer, Linear):
            forward = entering = 2 * math.prod(shape) * layer.units
        elif isinstance(layer, Attention):
            steps, width = shape
            # q, k, v and the output; q k^T and A v.
            forward = entering = 2 * steps * 4 * width**2 + 2 * 2 * steps**2 * width
        elif isinstance(layer, Conv2d):
            channels = shape[2] if len(shape) == 3 else 1
            forward = entering = 2 * layer.kernel**2 * channels * made[0] * made[1] * made[2]
        elif isinstance(layer, Recurrent):
            weights = layer.parameters(shape)
            entering = 2 * shape[0] * weights[0].size
            forward = entering + 2 * shape[0] * weights[1].size
        else:
            continue
        backward = 2 * forward - (0 if above_pixels else entering)
        total += forward + (backward if training else 0)
        above_pixels = True
    return total


def product_rate(seconds: float = 0.5, side: int = 1024) -> float:
    """Measure the float32 operations per second of large products on this machine: the better of NumPy and torch."""
    a = np.random.default_rng(0).random((side, side), dtype=np.float32)
    out = np.empty_like(a)
    products: list[Callable[[], Any]] = [lambda: np.matmul(a, a, out=out)]
    try:
        import torch
    except ImportError:
        pass
    else:
        b, into = torch.from_numpy(a), torch.empty(side, side)
        products.append(lambda: torch.matmul(b, b, out=into))
    best = 0.0
    for product in products:
        times = _repeated(product, seconds / len(products))
        best = max(best, 2 * side**3 / statistics.median(times))
    return best


def _repeated(work: Callable[[], Any], seconds: float) -> list[float]:
    work()
    times: list[float] = []
    while sum(times) < seconds or len(times) < 5:
        times.append(timed(work))
    return times


def timed(work: Callable[[], Any]) -> float:
    """Time a call, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bench(
    name: str,
    spec: Spec,
    digits: Digits,
    hands: tuple[str, ...],
    rate: float,
    *,
    batch: int = 128,
    rounds: int = 40,
    read: int = 10_000,
    epoch: bool = True,
    progress: Callable[[str], None] = lambda what: None,
) -> Bench:
    """Time one network in several hands, which take turns.

    Parameters
    ----------
    name, spec
        The network.
    digits
        Labelled digits to train on and to read.
    hands
        The hands; with torch, a convolutional network is timed in torch's channels-last layout as well.
    rate
        As `product_rate` measures it.
    batch
        Pictures in a step.
    rounds
        Number of steps of each hand.
    read
        Number of pictures to read.
    epoch
        Whether to time an epoch over the digits, once for each hand.
    progress
        Called with a line before each measurement.
    """
    networks: dict[str, Network] = {hand: build(spec, hand) for hand in hands}
    if BASE in hands and any(isinstance(layer, Conv2d) for layer in spec.layers):
        networks[CHANNELS_LAST] = _channels_last(spec)
    images, labels = digits.images, digits.labelled()
    steps = {hand: _step(network, images[:batch], labels[:batch]) for hand, network in networks.items()}
    progress(f"{name}: {rounds} steps in each hand")
    step = _in_turns(steps, rounds, turn=STEPS, warm=3)
    some = images[:read]
    progress(f"{name}: reading {len(some):,} digits")
    reading = _in_turns({hand: _reading(network, some) for hand, network in networks.items()}, 3)
    epochs: dict[str, Timing] = {}
    if epoch:
        progress(f"{name}: an epoch of {len(images):,} digits in each hand")
        epochs = _in_turns({h: _epoch(network, images, labels, batch) for h, network in networks.items()}, 1, warm=0)
    return Bench(name, spec, batch, step, epochs, reading, len(some), rate)


def _channels_last(spec: Spec) -> Network:
    import torch

    from byhand.hands.by_torch.network import TorchNetwork

    network = TorchNetwork(spec)
    network.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _step(network: Network, images: Array, labels: Array) -> Callable[[], Any]:
    # With a tiny rate the weights stay ordinary numbers, and the work is the same.
    rule = optimizer(network, TrainingConfig(optimizer="sgd"))

    def work() -> None:
        network.loss_and_gradient(images, labels)
        rule.step(1e-6)

    return work


def _reading(network: Network, images: Array) -> Callable[[], Any]:
    return lambda: network.logits(images)


def _epoch(network: Network, images: Array, labels: Array, batch: int) -> Callable[[], Any]:
    rule = optimizer(network, TrainingConfig(optimizer="sgd"))
    order = np.random.default_rng(0).permutation(len(images))

    def work() -> None:
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            network.loss_and_gradient(images[rows], labels[rows])
            rule.step(1e-6)

    return work


def _in_turns(works: dict[str, Callable[[], Any]], rounds: int, turn: int = 1, warm: int = 1) -> dict[str, Timing]:
    """Time works in turns of `turn` calls, `rounds` in all, each turn after `warm` calls that do not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for done in range(0, rounds, turn):
        for name, work in works.items():
            time.sleep(PAUSE)
            for _ in range(warm):
                work()
            times[name] += [timed(work) for _ in range(min(turn, rounds - done))]
    return {name: Timing.of(seconds) for name, seconds in times.items()}
