"""Devices and threads."""

from __future__ import annotations

import json
import os

import pytest
import threadpoolctl
import torch

from byhand.errors import ByhandError
from byhand.training.environment import choose_device, environment, set_threads


def test_the_numpy_hand_computes_on_the_cpu() -> None:
    assert choose_device("auto", "numpy") == ("cpu", "NumPy computes on the CPU")
    assert choose_device("cpu", "numpy")[0] == "cpu"
    with pytest.raises(ByhandError, match="computes on the CPU, not on 'cuda'; choose --hand tensor or torch"):
        choose_device("cuda", "numpy")


@pytest.mark.parametrize("hand", ["tensor", "torch"])
def test_auto_takes_what_there_is(hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    assert choose_device("auto", hand) == ("cuda", "Some GPU is there")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto", hand) == ("mps", "Apple's GPU is there")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto", hand) == ("cpu", "no GPU was found")
    assert choose_device("cpu", hand) == ("cpu", "as asked")


@pytest.mark.parametrize("device", ["nowhere", "", "cuda:77", "meta"])
def test_devices_that_are_not_there(device: str) -> None:
    with pytest.raises(ByhandError, match=r"cannot be used \(.+\); choose --device auto or cpu") as told:
        choose_device(device, "torch")
    assert "\n" not in str(told.value)


def test_threads() -> None:
    before = [(pool["user_api"], pool["num_threads"]) for pool in threadpoolctl.threadpool_info()]
    torch_before = torch.get_num_threads()
    try:
        assert set_threads(1) == 1
        assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info()} == {1}
        assert torch.get_num_threads() == 1
        assert set_threads(0) == len(os.sched_getaffinity(0))
    finally:
        torch.set_num_threads(torch_before)
        for api, count in before:
            threadpoolctl.threadpool_limits(count, user_api=api)


@pytest.mark.parametrize("count", [-1, 1025])
def test_threads_that_nobody_has(count: int) -> None:
    with pytest.raises(ByhandError, match=f"threads was given as {count}; give a number from 0 to 1024"):
        set_threads(count)


def test_what_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = environment("cpu", 2)
    assert json.loads(json.dumps(seen)) == seen
    assert set(seen["versions"]) == {"byhand", "python", "numpy", "scipy", "scikit-learn", "safetensors", "torch"}
    assert os.uname().nodename not in json.dumps(seen)
