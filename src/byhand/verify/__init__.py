"""The proof that the hands are one function, that its gradient is right, and that it can learn."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from byhand.cpu import processors
from byhand.models.spec import Spec
from byhand.training.optimizers import FORMULAS
from byhand.training.recipe import Recipe
from byhand.verify import agreement as hands
from byhand.verify import drift, sanity
from byhand.verify import optimizer_steps as optimizers
from byhand.verify.gradients import check_gradients
from byhand.verify.result import Check, Drift, Proof
from byhand.verify.subject import Subject, every, subject

__all__ = ["Check", "Drift", "Proof", "every", "prove", "prove_all", "prove_optimizers", "subject"]

ENTRIES = 16
"""Entries of every array that are compared one by one, unless told."""
WITHOUT_TORCH = "needs PyTorch (pip install 'byhand[torch]')"

Told = Callable[[Check], None]


def prove(
    what: str | Path | Recipe | Spec | Subject,
    *,
    entries: int = ENTRIES,
    steps: int = drift.STEPS,
    seed: int = 0,
    told: Told = lambda check: None,
) -> Proof:
    """Prove one network.

    Parameters
    ----------
    what
        As for `subject`, or a subject.
    entries
        How many entries of every array are compared with central differences one by one; beside them all are compared
        together, along random directions.
    steps
        How many steps the hands train side by side.
    seed
        Of weights, pictures and entries.
    told
        Called with every check that is made.

    Returns
    -------
    Proof
        What was found. Without torch, what needs it is among the checks as skipped.
    """
    one = what if isinstance(what, Subject) else subject(what)
    began = time.perf_counter()
    checks: list[Check] = []
    drifts: list[Drift] = []
    for check, drifted in _checks(one, entries, steps, seed):
        checks.append(check)
        drifts += drifted
        told(check)
    return Proof(one.name, one.spec, tuple(checks), tuple(drifts), time.perf_counter() - began)


def _checks(one: Subject, entries: int, steps: int, seed: int) -> Iterator[tuple[Check, list[Drift]]]:
    with one_thread():
        for check in check_gradients(one.spec, entries, seed):
            yield check, []
    if has_torch():
        with one_thread():
            yield hands.check_hands(one.spec, seed), []
            for dtype in drift.TOLERANCES:
                drifted = drift.measure_drift(one.spec, dtype, seed, steps)
                yield drift.check_drift(drifted), [drifted]
    else:
        for name in (hands.NAME, *(f"drift, {dtype}" for dtype in drift.TOLERANCES)):
            yield Check(name, skipped=WITHOUT_TORCH), []
    with one_thread():
        for check in sanity.check_sanity(one.spec, seed):
            yield check, []


def prove_optimizers(*, seed: int = 0, told: Told = lambda check: None) -> Proof:
    """Prove the optimisers' formulas, which are the same for all networks."""
    began = time.perf_counter()
    if has_torch():
        with one_thread():
            checks = optimizers.check_optimizers(seed)
    else:
        checks = tuple(Check(name, skipped=WITHOUT_TORCH) for name in FORMULAS)
    for check in checks:
        told(check)
    return Proof("optimisers", None, checks, (), time.perf_counter() - began)


def prove_all(
    subjects: Sequence[Subject], *, entries: int = ENTRIES, seed: int = 0, processes: int = 0
) -> Iterator[Proof]:
    """Prove several networks, some at a time, each in a process of its own.

    Parameters
    ----------
    subjects
        What to prove. Layers that are defined outside byhand must be defined when this process's main module is
        imported.
    entries, seed
        As for `prove`.
    processes
        How many at a time; 0 takes as many as there are processors that this process may use, 1 needs no other process.

    Yields
    ------
    Proof
        One for each network, in their order.
    """
    processes = min(processes or processors(), len(subjects))
    one = partial(_proven, entries, seed)
    if processes < 2:
        yield from map(one, subjects)
        return
    # Spawned and not forked: a forked process would inherit locks of threads that it does not have.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _leave_interrupts_to_the_parent)
    try:
        yield from pool.map(one, subjects)
    finally:
        pool.shutdown(cancel_futures=True)


def _proven(entries: int, seed: int, one: Subject) -> Proof:
    return prove(one, entries=entries, seed=seed)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def has_torch() -> bool:
    """Whether torch can be imported."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one processor inside: batches this small only lose by being shared out."""
    before = 0
    if has_torch():
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        if before:
            torch.set_num_threads(before)
