"""Processors and threads: how many there are, and how many the linear algebra (BLAS) uses.

The number of BLAS threads belongs to the whole process, so code that needs another number must match the other callers
at that time: `blas_threads` admits callers that need the same number together, and lets others wait.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any

STAT = Path("/proc/stat")
SAMPLE = 0.1
"""Seconds over which `free_processors` measures at least."""
STALE = 10.0
"""Seconds after which a sample says nothing about now."""
CGROUP = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def processors() -> int:
    """Count the processors that this process may use: affinity (``taskset``) and a container's quota reduce it."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for group in _control_groups() if (quota := _quota(group)) is not None]
    return max(1, min(available, *(math.ceil(quota) for quota in quotas))) if quotas else available


def _control_groups() -> list[Path]:
    """List the process's own control group of version 2 and all above it; each may have a quota."""
    try:
        own = next(line[3:] for line in OWN_CGROUP.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        own = "/"
    parts = [part for part in own.split("/") if part not in ("", "..")]
    return [CGROUP.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]


def _quota(cgroup: Path) -> float | None:
    """Processor time per unit of time that a Linux control group allows, or ``None`` where there is no limit."""
    try:
        # Version 2: "200000 100000" or "max 100000".
        limit, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            # Version 1: microseconds; -1 is no limit.
            limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        allowed = float(limit) / float(period)
    except (ValueError, ZeroDivisionError):
        return None
    return allowed if allowed > 0 else None


_Sample = tuple[float, float, float]
"""Clock, idle seconds of the processors that this process may use, and its own seconds of computing."""
_sample: _Sample | None = None


def begin_sample() -> None:
    """Take the sample from which the next `free_processors` measures, so that it need not wait."""
    global _sample  # noqa: PLW0603
    _sample = _measure()


def free_processors() -> int:
    """Count the processors that other processes leave free: at least one, at most `processors`.

    Measured since the last sample, or over a tenth of a second if there is none or it is old. Where there is no
    ``/proc/stat``, all processors count as free.
    """
    count, before = processors(), _sample
    if count == 1 or (now := _measure()) is None:
        return count
    if before is None or not SAMPLE <= now[0] - before[0] <= STALE:
        time.sleep(SAMPLE)
        before, now = now, _measure() or now
    begin_sample()
    seconds, idle, own = (new - old for new, old in zip(now, before, strict=True))
    return max(1, min(count, int((idle + own) / max(seconds, 1e-3) + 0.5)))


def _measure() -> _Sample | None:
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    idle = 0.0
    try:
        for line in STAT.read_text().splitlines():
            name, *ticks = line.split()
            # cpu0 user nice system idle iowait ...
            if name[:3] == "cpu" and name[3:].isdigit() and int(name[3:]) in usable:
                idle += (int(ticks[3]) + int(ticks[4])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
    return time.monotonic(), idle, time.process_time()


class _Agreement:
    """The number of BLAS threads that all current callers have agreed on."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.waiting: deque[object] = deque()
        self.inside = 0
        """Callers in `blas_threads` now, who all asked for `count` threads."""
        self.count = 0
        self.outside = 0
        """The number outside of any such block."""

    def enter(self, count: int | None) -> int:
        with self.lock:
            if self.waiting or not self._admits(count):
                self._wait(count)
            if not self.inside:
                self.outside = _get()
                self.count = count or self.outside
                if self.count != self.outside:
                    _set(self.count)
            self.inside += 1
            if self.waiting:
                self.changed.notify_all()
            return self.outside

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside and self.count != self.outside:
                _set(self.outside)
            if self.waiting:
                self.changed.notify_all()

    def set(self, count: int) -> None:
        with self.lock:
            # Callers inside keep the number they asked for; the last to leave sets this one.
            self.outside = count
            if not self.inside:
                _set(count)

    def _admits(self, count: int | None) -> bool:
        return not self.inside or self.count == (count or self.outside)

    def _wait(self, count: int | None) -> None:
        # First come, first served, so that nobody waits forever for a steady stream of others.
        turn = object()
        self.waiting.append(turn)
        try:
            self.changed.wait_for(lambda: self.waiting[0] is turn and self._admits(count))
        finally:
            self.waiting.remove(turn)


_agreement = _Agreement()


class blas_threads:  # noqa: N801  # used as a function
    """Compute with a number of BLAS threads; not to be nested.

    Entering gives the number that applies outside: how many threads there are to use in all.

    Parameters
    ----------
    count
        How many threads a product uses inside; ``None`` leaves the number that applies outside.
    """

    __slots__ = ("agreement", "count")

    def __init__(self, count: int | None = None) -> None:
        self.count = count

    def __enter__(self) -> int:
        self.agreement = _agreement
        return self.agreement.enter(self.count)

    def __exit__(self, *failure: object) -> None:
        self.agreement.leave()


def set_blas_threads(count: int) -> None:
    """Set how many threads BLAS uses outside of `blas_threads`."""
    # A library may have been loaded since.
    _libraries.cache_clear()
    _agreement.set(count)


@cache
def _libraries() -> list[Any]:
    import numpy as np
    from threadpoolctl import ThreadpoolController

    # NumPy computes with one of them; SciPy may bring another, which follows.
    np.matmul(np.ones((2, 2)), np.ones((2, 2)))
    found: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return found


def _get() -> int:
    libraries = _libraries()
    return int(libraries[0].get_num_threads()) if libraries else 1


def _set(count: int) -> None:
    for library in _libraries():
        # threadpoolctl 3.8 ignores `set_num_threads` for OpenBLAS in all threads but the first that calls it; here the
        # threads have agreed on the number.
        getattr(library, "_real_set_num_threads", library.set_num_threads)(count)


def _forget() -> None:
    global _agreement
    before, _agreement = _agreement, _Agreement()
    if before.inside:
        _set(before.outside)


# A forked process has none of its parent's threads, which may have been inside.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
