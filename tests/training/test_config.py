"""Settings, schedules, devices and threads."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
import threadpoolctl
import torch
from torch.optim import lr_scheduler

from byhand import cpu
from byhand.training import environment
from byhand.training.config import TrainingConfig
from byhand.training.environment import choose_device, set_threads
from byhand.training.optimizers import rate


@pytest.mark.parametrize("name", ["hand", "optimizer", "schedule", "dtype", "augment"])
def test_unknown_names(name: str, refused: Any) -> None:
    with refused(f"recipe.unknown_{name}"):
        TrainingConfig(**{name: "cosin"})


@pytest.mark.parametrize(
    "settings",
    [
        *({name: 0} for name in ("epochs", "step_every")),
        *({name: value} for name in ("lr", "epsilon", "gamma") for value in (0.0, -1.0, math.nan, math.inf)),
        *({name: -1} for name in ("seed", "threads", "batch_size", "patience")),
        *({name: value} for name in ("l2", "clip", "nondigits") for value in (-0.1, math.nan, math.inf)),
        *({name: value} for name in ("momentum", "beta1", "beta2", "alpha", "warmup") for value in (-0.1, 1.0)),
        {"threads": 1025},
        {"optimizer": "cg", "clip": 1.0},
        {"optimizer": "lbfgs", "schedule": "cosine"},
        {"optimizer": "cg", "augment": "writing"},
        {"l2_over_rows": True},
        {"nondigits": 0.5},
    ],
    ids=str,
)
def test_refused(settings: dict[str, Any], refused: Any) -> None:
    with refused("recipe.invalid_setting"):
        TrainingConfig(**settings)


def test_defaults() -> None:
    assert TrainingConfig(**TrainingConfig.defaults()) == TrainingConfig()
    assert set(TrainingConfig.defaults()) == {field.name for field in dataclasses.fields(TrainingConfig)}
    assert [TrainingConfig(optimizer=name).full_batch for name in ("sgd", "cg", "lbfgs")] == [False, True, True]


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


@pytest.mark.parametrize("schedule", ["constant", "exponential", "step", "cosine", "one-cycle"])
def test_a_run_of_one_step(schedule: str) -> None:
    value = rate(TrainingConfig(epochs=1, schedule=schedule, lr=0.5), 0, 1)
    assert 0 < value <= 0.5


@pytest.mark.parametrize("hand", ["numpy", "fast"])
def test_numpy_computes_on_the_cpu(hand, refused) -> None:
    assert choose_device("auto", hand)[0] == "cpu"
    assert choose_device("cpu", hand)[0] == "cpu"
    with refused("hands.cpu_only"):
        choose_device("cuda", hand)


@pytest.mark.parametrize("hand", ["tensor", "torch"])
def test_auto_takes_what_there_is(hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    assert choose_device("auto", hand) == ("cuda", "Some GPU is available")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto", hand)[0] == "mps"
    # Which computes no float64.
    assert choose_device("auto", hand, "float64")[0] == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto", hand)[0] == "cpu"


def test_a_device_that_cannot_compute_the_dtype(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    def zeros(size: int, *, dtype: torch.dtype, device: str) -> torch.Tensor:
        if dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return torch.empty(size)

    monkeypatch.setattr(torch, "zeros", zeros)
    assert choose_device("mps", "torch")[0] == "mps"
    with refused("environment.device_unavailable"):
        choose_device("mps", "torch", "float64")


@pytest.mark.parametrize("device", ["nowhere", "", "cuda:77", "meta"])
def test_devices_that_are_not_there(device: str, refused) -> None:
    with refused("environment.device_unavailable"):
        choose_device(device, "torch")


def blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}


def test_threads() -> None:
    before, torch_before = max(blas()), torch.get_num_threads()
    try:
        assert set_threads(1) == 1
        assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info()} == {1}
        assert torch.get_num_threads() == 1
        assert set_threads(0) == cpu.processors()
        # From any thread, also while somebody computes.
        with cpu.blas_threads(1):
            worker = threading.Thread(target=set_threads, args=(2,))
            worker.start()
            worker.join()
            assert blas() == {1}
        assert blas() == {2}
    finally:
        set_threads(before)
        torch.set_num_threads(torch_before)


@pytest.mark.parametrize("count", [-1, 1025])
def test_invalid_threads(count: int, refused) -> None:
    with refused("environment.invalid_threads"):
        set_threads(count)


def test_threads_of_a_new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "processors", lambda: 4)
    monkeypatch.setattr(environment, "free_processors", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert environment.choose_threads() == (3, "")
    for useless in ("", "0", "2,1", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", useless)
        assert environment.choose_threads() == (4, "")
    monkeypatch.setattr(environment, "free_processors", lambda: 1)
    threads, note = environment.choose_threads()
    assert threads == 1
    assert "3 of 4 processors" in note


def test_idle_threads_let_others_compute(python: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("OPENBLAS_THREAD_TIMEOUT", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    for name in (*names, "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    code = f"import os, byhand; print(*(os.environ.get(name) for name in {names}))"
    assert python("-c", code).stdout == "18 5000 1\n"
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "7")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert python("-c", code).stdout == "7 None None\n"
