"""The one engine: it trains a network of any hand by any recipe, and knows neither by name.

An epoch is drawn from streams named after its number, so it is the same whether the run came from the epoch before or
was resumed from a file. The engine reports what each epoch measured and leaves logs, checkpoints and pictures to its
caller.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from byhand.data import Digits, Splits
from byhand.errors import ByhandError
from byhand.hands import Array, Network
from byhand.hands.base import views
from byhand.metrics.losses import accuracy, mean_loss
from byhand.rng import generator
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import Optimizer
from byhand.training.schedules import rate

GLIMPSE = 5_000
"""The most training digits on which accuracy is measured after an epoch."""

OnStep = Callable[[int, int], None]
"""Called after every step with its number in the epoch, from 1, and the number of steps in an epoch."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch (or one iteration of a full-batch method) measured.

    Attributes
    ----------
    entry
        What the run's log says of it. The same seed gives the same entry.
    seconds
        Time spent training, validation left out.
    """

    entry: dict[str, Any]
    seconds: float


Report = Callable[[Epoch], bool]
"""Told what every epoch measured; answers whether the run shall stop."""


def score(network: Network, digits: Digits) -> tuple[float, float]:
    """Accuracy, from 0 to 1, and mean loss of a network on labelled digits."""
    logits = network.logits(digits.images)
    return accuracy(logits, digits.labelled()), mean_loss(logits, digits.labelled(), network.spec.loss)


@np.errstate(over="ignore", invalid="ignore")  # `diverged` tells of it in a sentence.
def train_by_steps(
    network: Network,
    optimizer: Optimizer,
    splits: Splits,
    config: TrainingConfig,
    report: Report,
    first: int = 0,
    on_step: OnStep = lambda step, steps: None,
) -> None:
    """Train step by step.

    Parameters
    ----------
    network, optimizer
        As they are before epoch `first`; changed in place.
    splits
        Digits to train on and to validate with.
    how
        The settings.
    report
        Told about every epoch.
    first
        Number of the first epoch to train, from 0.
    on_step
        Told about every step.

    Raises
    ------
    ByhandError
        If the loss is no longer a number.
    """
    images: Any = splits.train.images
    size = min(config.batch_size or len(images), len(images))
    steps = math.ceil(len(images) / size)
    if steps == 1 and config.augment == "none":
        images = network.prepared(images)
    for epoch in range(first, config.epochs):
        began = time.perf_counter()
        drop = generator(config.seed, "dropout", epoch)
        total, seen = 0.0, 0
        # Closed when a step fails, so that nothing goes on preparing batches.
        with closing(_batches(images, splits.train.labelled(), config, epoch, size)) as batches:
            for step, (batch, labels) in enumerate(batches):
                lr = rate(config, epoch * steps + step, steps)
                loss = network.loss_and_gradient(batch, labels, drop)
                if not math.isfinite(loss):
                    raise diverged(loss, epoch * steps + step, lr, config)
                optimizer.step(lr)
                total += loss * len(labels)
                seen += len(labels)
                on_step(step + 1, steps)
        seconds = time.perf_counter() - began
        entry = measured(network, splits, config, epoch, (epoch + 1) * steps, total / seen, lr)
        if report(Epoch(entry, seconds)):
            return


def _batches(images: Any, labels: Array, config: TrainingConfig, epoch: int, size: int) -> Generator[tuple[Any, Array]]:
    """Give the pictures and labels of every step of an epoch."""
    steps = math.ceil(len(images) / size)
    order = generator(config.seed, "shuffle", epoch).permutation(len(images)) if config.shuffle and steps > 1 else None
    places: list[Any] = [slice(step * size, (step + 1) * size) for step in range(steps)]
    rows = places if order is None else [order[place] for place in places]
    if config.augment == "none":
        yield from ((images[some], labels[some]) for some in rows)
        return
    from byhand.augment import Writing, ahead

    write = Writing(config.seed, config.nondigits)
    yield from ahead(write(images[some], labels[some], epoch, step) for step, some in enumerate(rows))


@np.errstate(over="ignore", invalid="ignore")
def train_full_batch(network: Network, splits: Splits, config: TrainingConfig, report: Report) -> str:
    """Train by a method that chooses its own steps from the loss of all digits (`scipy.optimize.minimize`).

    The objective is the mean loss plus ``l2 / 2 sum w^2``, in float64 whatever the network computes in.

    Parameters
    ----------
    network, splits, how, report
        As in `train_by_steps`; an epoch is an iteration. Where not even the first succeeds, what the network measures
        as it is takes its place.

    Returns
    -------
    str
        Why the method stopped before its iterations were over; empty where it did not, or was told to.

    Raises
    ------
    ByhandError
        If the loss is no longer a number.
    """
    images, labels, spec = network.prepared(splits.train.images), splits.train.labelled(), network.spec
    strength = config.l2 / (len(images) if config.l2_over_rows else 1)
    decayed = np.concatenate([np.full(p.size, float(p.decays or config.decay_biases)) for p in spec.parameters])

    def place(theta: Array) -> None:
        network.load(views(theta, spec.parameters) | network.state())

    def penalty(theta: Array) -> float:
        return strength / 2 * float(np.dot(decayed * theta, theta))

    def objective(theta: Array) -> tuple[float, Array]:
        place(theta)
        loss = network.loss_and_gradient(images, labels)
        if not math.isfinite(loss):
            raise diverged(loss, iteration, None, config)
        gradient = np.concatenate([part.ravel() for part in network.gradients().values()]).astype(float)
        # J = L + l2/2 sum w^2,   dJ/dw = dL/dw + l2 w
        return loss + penalty(theta), gradient + strength * decayed * theta

    iteration, told_to_stop = 0, False
    clock = time.perf_counter()

    def after(intermediate_result: OptimizeResult) -> None:
        nonlocal iteration, clock, told_to_stop
        seconds = time.perf_counter() - clock
        theta = intermediate_result.x
        place(theta)
        data_loss = float(intermediate_result.fun) - penalty(theta)
        entry = measured(network, splits, config, iteration, iteration + 1, data_loss, None)
        iteration += 1
        told_to_stop = report(Epoch(entry, seconds))
        if told_to_stop:
            raise StopIteration
        clock = time.perf_counter()

    start = np.concatenate([value.ravel() for value in network.parameters().values()]).astype(float)
    method = {"cg": "CG", "lbfgs": "L-BFGS-B"}[config.optimizer]
    found = minimize(objective, start, jac=True, method=method, options={"maxiter": config.epochs}, callback=after)
    place(found.x)
    if not iteration:
        seconds = time.perf_counter() - clock
        report(Epoch(measured(network, splits, config, 0, 0, float(found.fun) - penalty(found.x), None), seconds))
    return "" if told_to_stop or iteration >= config.epochs else str(found.message).rstrip(". ")


def measured(
    network: Network, splits: Splits, config: TrainingConfig, epoch: int, step: int, train_loss: float, lr: float | None
) -> dict[str, Any]:
    """Measure a network on some training digits, the validation split, and the test split if that is watched."""
    val_accuracy, val_loss = score(network, splits.validation)
    if not math.isfinite(val_loss):
        raise diverged(val_loss, step, lr, config)
    # Training digits at even distances: a whole pass would take a good part of an epoch.
    some = slice(None, None, math.ceil(len(splits.train) / GLIMPSE))
    entry = {
        "epoch": epoch,
        "step": step,
        "train_loss": train_loss,
        "train_accuracy": accuracy(network.logits(splits.train.images[some]), splits.train.labelled()[some]),
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        "lr": lr,
    }
    if config.watch_test:
        entry["test_accuracy"], entry["test_loss"] = score(network, splits.test)
    return entry


def diverged(loss: float, step: int, lr: float | None, config: TrainingConfig) -> ByhandError:
    """Say that the loss is no longer a number, where, and what to try."""
    if lr is None:
        return ByhandError(f"The loss became {loss} at iteration {step}; try another optimizer or a larger l2.")
    clip = "" if config.clip else ", or --clip 1"
    return ByhandError(
        f"The loss became {loss} at step {step} with learning rate {lr:g}; try --lr {config.lr / 10:g}{clip}."
    )
