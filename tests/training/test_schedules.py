"""The learning rate of every step, against ``torch.optim.lr_scheduler``."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from byhand.training.config import TrainingConfig
from byhand.training.optimizers import rate

EPOCHS, STEPS = 7, 5
TOTAL = EPOCHS * STEPS


def rates(schedule: str, **settings: Any) -> list[float]:
    config = TrainingConfig(epochs=EPOCHS, schedule=schedule, lr=0.3, **settings)
    return [rate(config, step, STEPS) for step in range(TOTAL)]


def library(make: Callable[[torch.optim.Optimizer], Any], every: int) -> list[float]:
    """The library's rates, its scheduler moved on after so many steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler, found = make(optimizer), []
    for step in range(TOTAL):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0 and step + 1 < TOTAL:
            scheduler.step()
    return found


def test_constant() -> None:
    assert rates("constant") == [0.3] * TOTAL


def test_exponential() -> None:
    ours = rates("exponential", gamma=0.8)
    assert ours == pytest.approx(library(lambda o: lr_scheduler.ExponentialLR(o, 0.8), STEPS), rel=1e-12)
    assert ours[0] == 0.3
    assert ours[-1] == pytest.approx(0.3 * 0.8**6)


def test_step() -> None:
    ours = rates("step", gamma=0.5, step_every=3)
    assert ours == pytest.approx(library(lambda o: lr_scheduler.StepLR(o, 3, 0.5), STEPS), rel=1e-12)
    # Epochs 0-2, 3-5, 6.
    assert [ours[0], ours[14], ours[15], ours[29], ours[30]] == pytest.approx([0.3, 0.3, 0.15, 0.15, 0.075])


def test_cosine() -> None:
    ours = rates("cosine")
    theirs = library(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=TOTAL - 1), 1)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-15)
    assert ours[0] == 0.3
    assert ours[TOTAL // 2] == pytest.approx(0.15)
    assert ours[-1] == pytest.approx(0, abs=1e-15)
    assert ours == sorted(ours, reverse=True)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.3, 0.9])
def test_one_cycle(warmup: float) -> None:
    ours = rates("one-cycle", warmup=warmup)
    # Torch's peak is at the step pct_start * total - 1, ours at warmup * (total - 1).
    share = (warmup * (TOTAL - 1) + 1) / TOTAL
    if warmup:
        theirs = library(lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.3, total_steps=TOTAL, pct_start=share), 1)
        assert ours == pytest.approx(theirs, rel=1e-9)
        assert ours[0] == pytest.approx(0.3 / 25)
    else:
        assert ours[0] == pytest.approx(0.3)
    assert ours[-1] == pytest.approx(0.3 / 250_000)
    peak = ours.index(max(ours))
    assert peak == pytest.approx(warmup * (TOTAL - 1), abs=1)
    assert max(ours) <= 0.3
    assert ours[:peak] == sorted(ours[:peak])
    assert ours[peak:] == sorted(ours[peak:], reverse=True)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_no_jump(schedule: str) -> None:
    """Of a smooth schedule's thousand steps, none is larger than pi / 2 times the mean of its steeper side."""
    config = TrainingConfig(epochs=10, schedule=schedule, lr=1.0)
    values = [rate(config, step, 100) for step in range(1000)]
    largest = max(abs(b - a) for a, b in pairwise(values))
    assert largest < math.pi / 2 * (1 if schedule == "cosine" else 1 / 0.3) / 999


@pytest.mark.parametrize("schedule", ["constant", "exponential", "step", "cosine", "one-cycle"])
def test_a_run_of_one_step(schedule: str) -> None:
    value = rate(TrainingConfig(epochs=1, schedule=schedule, lr=0.5), 0, 1)
    assert 0 < value <= 0.5
