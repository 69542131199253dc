"""Parts of a batch in threads: the whole in order, the caller's settings, no waiting for each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import numpy as np
import pytest

from byhand.hands.by_fast.parallel import run_parts


def test_results_come_in_order_from_the_callers_context() -> None:
    word: ContextVar[str] = ContextVar("word", default="default")
    word.set("caller's")

    def task(part: int) -> tuple[int, str]:
        return part, word.get()

    assert run_parts(task, 4) == [(part, "caller's") for part in range(4)]
    huge = np.full(6, 1e30, np.float32)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        run_parts(lambda part: huge * huge if part else None, 3)


def test_more_callers_than_workers_do_not_wait_for_each_other() -> None:
    callers = 8
    all_begun = threading.Barrier(callers)

    def call(_: int) -> list[int]:
        def task(part: int) -> int:
            if part == 0:
                all_begun.wait(20)
            return part

        return run_parts(task, 3)

    with ThreadPoolExecutor(callers) as pool:
        assert list(pool.map(call, range(callers), timeout=30)) == [[0, 1, 2]] * callers


def test_all_parts_are_over_when_one_has_failed() -> None:
    over: list[int] = []
    begun = threading.Barrier(3)

    def task(part: int) -> None:
        begun.wait(20)
        if part == 0:
            raise ZeroDivisionError
        threading.Event().wait(0.1)
        over.append(part)

    with pytest.raises(ZeroDivisionError):
        run_parts(task, 3)
    assert sorted(over) == [1, 2]
