"""Parts of a batch in threads: the whole in order, the caller's settings, no waiting for each other."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import numpy as np
import pytest

from byhand.hands.by_fast.parallel import (
    MAX_PARTS,
    MIN_WORK,
    count_parts,
    cut,
    forced_parts,
    run_parts,
    work_per_picture,
)
from byhand.models import zoo


@pytest.mark.parametrize(("size", "parts"), [(10, 1), (10, 3), (7, 4), (4, 4)])
def test_slices_are_the_whole_in_order(size: int, parts: int) -> None:
    slices = cut(size, parts)
    assert len(slices) == parts
    assert list(itertools.chain(*(range(size)[rows] for rows in slices))) == list(range(size))
    assert len({rows.stop - rows.start for rows in slices}) <= 2


def test_a_batch_is_divided_where_it_pays() -> None:
    assert count_parts(128, MIN_WORK, threads=2) == 2
    assert count_parts(128, MIN_WORK, threads=64) == MAX_PARTS
    assert count_parts(17, MIN_WORK, threads=2) == 1
    assert count_parts(128, MIN_WORK // 128, threads=2) == 1
    with forced_parts(3):
        assert count_parts(10, 1, threads=1) == 3
        assert count_parts(2, 1, threads=1) == 2


def test_work_by_hand() -> None:
    # 784 x 8 products and 8 biases, 8 x 10 products and 10 biases
    assert work_per_picture(zoo.network("mlp", hidden=8)) == 784 * 8 + 8 + 80 + 10
    # One time step: (28 + 5) x 5 products and 5 biases
    assert work_per_picture(zoo.network("elman", hidden=5)) == 33 * 5 + 5
    # More than 26 x 26 places of 9 x 2 products and 2 biases
    assert work_per_picture(zoo.network("tiny-cnn", channels=(2,))) > 26 * 26 * 20


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
