"""Processors, and the number of BLAS threads that everybody in the process agrees on."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from byhand import cpu


@pytest.fixture
def four_processors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5, 8}, raising=False)
    monkeypatch.setattr(cpu, "CGROUP", tmp_path)
    return tmp_path


def test_processors_without_a_container(four_processors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert cpu.processors() == 4
    # macOS and Windows know no affinity.
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cpu.processors() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpu.processors() == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("max 100000\n", 4),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("10000 100000\n", 1),
        ("900000 100000\n", 4),
        ("nonsense", 4),
        ("", 4),
    ],
)
def test_quota_of_a_container(four_processors: Path, text: str, count: int) -> None:
    (four_processors / "cpu.max").write_text(text)
    assert cpu.processors() == count


def test_quota_of_a_service_and_of_what_contains_it(four_processors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = four_processors / "system.slice" / "lab.service"
    own.mkdir(parents=True)
    (four_processors / "own").write_text("0::/system.slice/lab.service\n")
    monkeypatch.setattr(cpu, "OWN_CGROUP", four_processors / "own")
    (own / "cpu.max").write_text("300000 100000\n")
    assert cpu.processors() == 3
    (own.parent / "cpu.max").write_text("200000 100000\n")
    assert cpu.processors() == 2


@pytest.mark.parametrize(
    ("idle", "own", "free"),
    [
        # Seconds of idling on each of the four processors, and of our own computing, in one second.
        ((1, 1, 1, 1), 0, 4),
        ((0, 1, 1, 1), 1, 4),
        ((0, 0, 1, 1), 1, 3),
        ((0, 0, 0, 0), 1, 1),
        ((0, 0, 0, 0), 0, 1),
        ((0.8, 0.9, 0.9, 0.8), 0.1, 4),
        ((0.4, 0, 0, 1), 0.2, 2),
    ],
)
def test_free_processors(
    idle: tuple[float, ...], own: float, free: int, four_processors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat, clock, computed = four_processors / "stat", [100.0], [5.0]
    tick = os.sysconf("SC_CLK_TCK")

    def write(seconds: tuple[float, ...]) -> None:
        values = dict(zip((0, 3, 5, 8), seconds, strict=True))
        lines = [f"cpu{n} 7 0 7 {int(values.get(n, 0) * tick)} 0 0 0" for n in range(10)]
        stat.write_text("\n".join(["cpu 1 2 3 4", *lines, "intr 5"]))

    monkeypatch.setattr(cpu, "STAT", stat)
    monkeypatch.setattr(cpu.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(cpu.time, "process_time", lambda: computed[0])
    write((0, 0, 0, 0))
    cpu.begin_sample()

    def pass_time(seconds: float) -> None:
        clock[0] += seconds
        computed[0] += own * seconds

    pass_time(1)
    write(idle)
    assert cpu.free_processors() == free
    # An old sample says nothing: another is taken.
    waited: list[float] = []
    pass_time(1000)
    monkeypatch.setattr(cpu.time, "sleep", lambda seconds: waited.append(seconds) or pass_time(seconds))
    assert cpu.free_processors() == 1
    assert waited == [cpu.SAMPLE]


def test_free_processors_of_a_system_that_does_not_say(four_processors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "STAT", four_processors / "none")
    assert cpu.free_processors() == 4


@pytest.mark.parametrize(("quota", "period", "count"), [("-1", "100000", 4), ("250000", "100000", 3), ("1", "0", 4)])
def test_quota_of_an_older_container(four_processors: Path, quota: str, period: str, count: int) -> None:
    (four_processors / "cpu").mkdir()
    (four_processors / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (four_processors / "cpu" / "cpu.cfs_period_us").write_text(period + "\n")
    assert cpu.processors() == count


@pytest.fixture
def blas(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A library that uses four threads, with its number as the only entry."""
    number = [4]
    monkeypatch.setattr(cpu, "_get", lambda: number[0])
    monkeypatch.setattr(cpu, "_set", lambda count: number.__setitem__(0, count))
    monkeypatch.setattr(cpu, "_agreement", cpu._Agreement())
    return number


def test_the_number_is_put_back(blas: list[int]) -> None:
    with cpu.blas_threads(1) as outside:
        assert (blas, outside) == ([1], 4)
    with cpu.blas_threads() as outside:
        assert (blas, outside) == ([4], 4)
    with pytest.raises(ZeroDivisionError), cpu.blas_threads(1):
        raise ZeroDivisionError
    assert blas == [4]


def test_a_number_set_while_somebody_computes_applies_afterwards(blas: list[int]) -> None:
    with cpu.blas_threads(1):
        cpu.set_blas_threads(2)
        assert blas == [1]
    assert blas == [2]
    cpu.set_blas_threads(3)
    assert blas == [3]


def test_those_who_need_another_number_wait(blas: list[int]) -> None:
    order: list[str] = []
    inside, leave = threading.Barrier(3), threading.Event()

    def alone() -> None:
        with cpu.blas_threads(1):
            inside.wait(20)
            leave.wait(20)
            order.append("alone")

    def all_four() -> None:
        with cpu.blas_threads():
            order.append(f"with {blas[0]}")

    threads = [threading.Thread(target=alone) for _ in range(2)]
    for thread in threads:
        thread.start()
    # Both are inside together.
    inside.wait(20)
    other = threading.Thread(target=all_four)
    other.start()
    other.join(0.1)
    assert other.is_alive()

    # Nobody overtakes who waits.
    def as_the_first() -> None:
        with cpu.blas_threads(1):
            order.append("late")

    late = threading.Thread(target=as_the_first)
    late.start()
    late.join(0.1)
    assert late.is_alive()
    leave.set()
    for thread in (*threads, other, late):
        thread.join(20)
    assert order == ["alone", "alone", "with 4", "late"]


def test_every_thread_can_set_the_number_of_the_real_library() -> None:
    with cpu.blas_threads() as before:
        pass
    seen: list[int] = []

    def look() -> None:
        for count in (1, 2):
            with cpu.blas_threads(count):
                seen.append(cpu._get())

    for _ in range(2):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(20)
    assert seen == [1, 2, 1, 2]
    assert cpu._get() == before
