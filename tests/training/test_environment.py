"""Devices and threads."""

from __future__ import annotations

import json
import os
import threading

import pytest
import threadpoolctl
import torch

from byhand import cpu
from byhand.training.environment import choose_device, environment, set_threads


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
    (before,), torch_before = blas(), torch.get_num_threads()
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


def test_what_is_recorded() -> None:
    seen = environment("cpu", 2)
    assert json.loads(json.dumps(seen)) == seen
    assert set(seen["versions"]) == {"byhand", "python", "numpy", "scipy", "scikit-learn", "safetensors", "torch"}
    assert os.uname().nodename not in json.dumps(seen)
