"""The training loop, for a network of any hand.

Every epoch draws from random streams named after its number, so it is the same in a run that was resumed. The loop
reports what each epoch measured; logs and checkpoints are its caller's (`byhand.training.trainer`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from byhand.data import Digits, Splits
from byhand.errors import ByhandError
from byhand.hands import Array, Network
from byhand.hands.base import views
from byhand.metrics.losses import accuracy, mean_loss
from byhand.rng import generator
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import Optimizer, rate

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

TRAIN_SAMPLE = 5_000
"""How many training digits, at most, the training accuracy is measured on after each epoch."""

LARGE_RATE = 0.1
"""The largest learning rate that is suggested."""

OnStep = Callable[[int, int], None]
"""Called after every step with its number in the epoch, from 1, and the number of steps in an epoch."""


OnLoss = Callable[[int, int, float], None]
"""Called every ``log_every`` steps with the same two numbers and the loss of the step's batch."""


@dataclass(frozen=True)
class Epoch:
    """The measurements of one epoch, or of one iteration of a full-batch method.

    Attributes
    ----------
    entry
        Its entry in the run's log. The same seed gives the same entry.
    seconds
        Time spent training, without validation.
    """

    entry: dict[str, Any]
    seconds: float


Report = Callable[[Epoch], bool]
"""Called after every epoch; returns whether to stop."""


def score(network: Network, digits: Digits) -> tuple[float, float]:
    """Compute the accuracy, from 0 to 1, and the mean loss of a network on labelled digits."""
    logits = network.logits(digits.images)
    return accuracy(logits, digits.labelled()), mean_loss(logits, digits.labelled(), network.spec.loss)


@np.errstate(over="ignore", invalid="ignore")  # `_diverged` reports it.
def train_by_steps(
    network: Network,
    optimizer: Optimizer,
    splits: Splits,
    config: TrainingConfig,
    report: Report,
    first: int = 0,
    on_step: OnStep = lambda step, steps: None,
    on_loss: OnLoss = lambda step, steps, loss: None,
) -> None:
    """Train step by step.

    Parameters
    ----------
    network, optimizer
        In their state before epoch `first`; changed in place.
    splits
        Digits to train on and to validate on.
    config
        The settings.
    report
        Called after every epoch; training stops when it returns true.
    first
        The first epoch to train, counted from 0.
    on_step, on_loss
        Called after every step, and every ``config.log_every`` steps.

    Raises
    ------
    ByhandError
        ``training.diverged`` if the loss is not finite.
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
        step_losses: list[tuple[int, float]] = []
        # Closed when a step fails, so that no thread keeps preparing batches.
        with closing(_batches(images, splits.train.labelled(), config, epoch, size)) as batches:
            for step, (batch, labels) in enumerate(batches):
                lr = rate(config, epoch * steps + step, steps)
                loss = network.loss_and_gradient(batch, labels, drop)
                if not math.isfinite(loss):
                    raise _diverged(loss, epoch * steps + step, lr, config)
                optimizer.step(lr)
                total += loss * len(labels)
                seen += len(labels)
                on_step(step + 1, steps)
                done = epoch * steps + step + 1
                if config.log_every and done % config.log_every == 0:
                    step_losses.append((done, loss))
                    on_loss(step + 1, steps, loss)
        seconds = time.perf_counter() - began
        entry = measured(network, splits, config, epoch, (epoch + 1) * steps, total / seen, lr)
        if config.log_every:
            entry["step_losses"] = step_losses
        if report(Epoch(entry, seconds)):
            return


def _batches(images: Any, labels: Array, config: TrainingConfig, epoch: int, size: int) -> Generator[tuple[Any, Array]]:
    """Yield the images and labels of every step of an epoch."""
    steps = math.ceil(len(images) / size)
    order = generator(config.seed, "shuffle", epoch).permutation(len(images)) if config.shuffle and steps > 1 else None
    slices: list[Any] = [slice(step * size, (step + 1) * size) for step in range(steps)]
    batches = slices if order is None else [order[part] for part in slices]
    if config.augment == "none":
        yield from ((images[batch], labels[batch]) for batch in batches)
        return
    from byhand.augment import Affine, Writing, prefetch

    distort = Affine(config.seed) if config.augment == "affine" else Writing(config.seed, config.nondigits)
    yield from prefetch(distort(images[batch], labels[batch], epoch, step) for step, batch in enumerate(batches))


@np.errstate(over="ignore", invalid="ignore")
def train_full_batch(network: Network, splits: Splits, config: TrainingConfig, report: Report) -> str:
    """Train by a method that chooses its own step sizes from the loss of all digits (`scipy.optimize.minimize`).

    The objective is the mean loss plus ``l2 / 2 sum w^2``, in float64 whatever the network computes in.

    Parameters
    ----------
    network, splits, config, report
        As in `train_by_steps`; an epoch is an iteration. If not even the first succeeds, the untrained network is
        measured in its place.

    Returns
    -------
    str
        Why the method stopped early; empty if it did not, or if `report` stopped it.

    Raises
    ------
    ByhandError
        ``training.diverged`` if the loss is not finite.
    """
    # Imported here: it takes longer than everything else, and mistakes should be reported at once.
    from scipy.optimize import minimize

    images, labels, spec = network.prepared(splits.train.images), splits.train.labelled(), network.spec
    strength = config.l2 / (len(images) if config.l2_over_rows else 1)
    decayed = np.concatenate([np.full(p.size, float(p.decays or config.decay_biases)) for p in spec.parameters])

    def load(theta: Array) -> None:
        network.load(views(theta, spec.parameters) | network.state())

    def penalty(theta: Array) -> float:
        return strength / 2 * float(np.dot(decayed * theta, theta))

    def objective(theta: Array) -> tuple[float, Array]:
        load(theta)
        loss = network.loss_and_gradient(images, labels)
        if not math.isfinite(loss):
            raise _diverged(loss, iteration, None, config)
        gradient = np.concatenate([part.ravel() for part in network.gradients().values()]).astype(float)
        # J = L + l2/2 sum w^2,   dJ/dw = dL/dw + l2 w
        return loss + penalty(theta), gradient + strength * decayed * theta

    iteration, stopped = 0, False
    clock = time.perf_counter()

    def after(intermediate_result: OptimizeResult) -> None:
        nonlocal iteration, clock, stopped
        seconds = time.perf_counter() - clock
        theta = intermediate_result.x
        load(theta)
        data_loss = float(intermediate_result.fun) - penalty(theta)
        entry = measured(network, splits, config, iteration, iteration + 1, data_loss, None)
        iteration += 1
        stopped = report(Epoch(entry, seconds))
        if stopped:
            raise StopIteration
        clock = time.perf_counter()

    start = np.concatenate([value.ravel() for value in network.parameters().values()]).astype(float)
    method = {"cg": "CG", "lbfgs": "L-BFGS-B"}[config.optimizer]
    found = minimize(objective, start, jac=True, method=method, options={"maxiter": config.epochs}, callback=after)
    load(found.x)
    if not iteration:
        seconds = time.perf_counter() - clock
        report(Epoch(measured(network, splits, config, 0, 0, float(found.fun) - penalty(found.x), None), seconds))
    return "" if stopped or iteration >= config.epochs else str(found.message).rstrip(". ")


def measured(
    network: Network, splits: Splits, config: TrainingConfig, epoch: int, step: int, train_loss: float, lr: float | None
) -> dict[str, Any]:
    """Measure a network after an epoch: on a sample of the training split, on validation, and on test if watched."""
    val_accuracy, val_loss = score(network, splits.validation) if len(splits.validation) else (None, None)
    if val_loss is not None and not math.isfinite(val_loss):
        raise _diverged(val_loss, step, lr, config)
    # Every k-th training digit: all of them would take a large part of an epoch.
    sample = slice(None, None, math.ceil(len(splits.train) / TRAIN_SAMPLE))
    entry = {
        "epoch": epoch,
        "step": step,
        "train_loss": train_loss,
        "train_accuracy": accuracy(network.logits(splits.train.images[sample]), splits.train.labelled()[sample]),
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        "lr": lr,
    }
    if config.watch_test:
        entry["test_accuracy"], entry["test_loss"] = score(network, splits.test)
    return entry


def _diverged(loss: float, step: int, lr: float | None, config: TrainingConfig) -> ByhandError:
    if lr is None:
        return ByhandError(
            f"The loss became {loss} at iteration {step}; try another optimizer or a larger l2.",
            code="training.diverged",
        )
    clip = "" if config.clip else ", or --clip 1"
    return ByhandError(
        f"The loss became {loss} at step {step} with learning rate {lr:g}; "
        f"try --lr {min(config.lr / 10, LARGE_RATE):g}{clip}.",
        code="training.diverged",
    )
