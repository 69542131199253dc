"""Work shared between processors: the caller's settings reach every part, and parts within parts wait for nobody."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import ContextVar

import numpy as np
import pytest

from byhand.hands.by_fast import threads
from byhand.hands.by_fast.threads import by_parts, divided, in_parts


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_parts_are_the_whole_in_order(parts: int) -> None:
    with divided(parts) as done:
        found = in_parts(lambda part, some: (part, list(range(10))[some]), 10)
    assert [part for part, _ in found] == list(range(parts))
    assert list(itertools.chain(*(rows for _, rows in found))) == list(range(10))
    assert done.times == (parts > 1)


def test_no_more_parts_than_rows() -> None:
    with divided(4):
        assert in_parts(lambda part, some: some, 2) == [slice(0, 1), slice(1, 2)]


def test_small_work_is_left_whole_unless_asked() -> None:
    assert in_parts(lambda part, some: some, threads.LEAST_PICTURES) == [slice(0, threads.LEAST_PICTURES)]


def test_what_numpy_was_told_reaches_every_part() -> None:
    huge = np.full(6, 1e30, np.float32)
    with divided(3), np.errstate(over="raise"), pytest.raises(FloatingPointError):
        in_parts(lambda part, some: huge[some] * huge[some] if part == 2 else None, 6)
    with divided(3), np.errstate(over="ignore"):
        # Warnings are errors in these tests.
        assert all(np.isinf(found).all() for found in in_parts(lambda part, some: huge[some] * huge[some], 6))


def test_a_part_leaves_no_trace_in_its_caller() -> None:
    told: ContextVar[str] = ContextVar("told", default="nothing")
    with divided(2):
        in_parts(lambda part, some: told.set("something"), 4)
        assert told.get() == "nothing"
        # Not taken for a part itself.
        assert len(in_parts(lambda part, some: some, 4)) == 2


def test_parts_within_parts_wait_for_nobody() -> None:
    seen: list[tuple[int, slice]] = []
    # Two callers and all workers of the pool are at work before any of them divides its part.
    together, started = threading.Barrier(2 + threads.MOST_PARTS), itertools.count()

    def task(part: int, some: slice) -> None:
        if next(started) < together.parties:
            together.wait(20)
        by_parts(lambda rows: seen.append((part, rows)), 12, 12 * threads.LEAST_WORK)

    def divides() -> None:
        with divided(4):
            in_parts(task, 8)

    callers = ThreadPoolExecutor(2)
    done, late = wait([callers.submit(divides) for _ in range(2)], timeout=30)
    callers.shutdown(wait=False)
    assert not late
    assert [one.result() for one in done] == [None, None]
    assert sorted(part for part, _ in seen) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert {(rows.start, rows.stop) for _, rows in seen} == {(0, 12)}


def test_all_parts_are_over_when_one_has_failed() -> None:
    over: list[int] = []

    def task(part: int, some: slice) -> None:
        if part == 1:
            raise ZeroDivisionError
        threading.Event().wait(0.1 * part)
        over.append(part)

    with divided(3), pytest.raises(ZeroDivisionError):
        in_parts(task, 9)
    assert sorted(over) == [0, 2]
