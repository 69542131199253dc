"""The proof that the hands are one function, that its gradient is right, and that it can learn."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from byhand.cpu import blas_threads, processors, set_blas_threads
from byhand.models.spec import Spec
from byhand.training.optimizers import FORMULAS
from byhand.training.recipe import Recipe
from byhand.verify.agreement import check_hands
from byhand.verify.drift import STEPS, TOLERANCES, check_drift, measure_drift
from byhand.verify.gradients import check_gradients, check_layers
from byhand.verify.optimizer_steps import check_optimizers
from byhand.verify.result import Check, Drift, Proof, has_torch
from byhand.verify.sanity import check_sanity
from byhand.verify.subject import Subject, every, subject

__all__ = ["Check", "Drift", "Proof", "every", "prove", "prove_all", "prove_optimizers", "subject"]

ENTRIES = 16
"""Default number of entries of every array that are compared one by one."""


def prove(
    what: str | Path | Recipe | Spec | Subject, *, entries: int = ENTRIES, steps: int = STEPS, seed: int = 0
) -> Proof:
    """Prove one network.

    Parameters
    ----------
    what
        As for `subject`, or a subject.
    entries
        How many entries of every array are compared with central differences one by one; in addition, all of them
        together along random directions.
    steps
        How many steps the hands train side by side.
    seed
        Of weights, pictures and entries.

    Returns
    -------
    Proof
        What was found. Without torch, the numpy and the fast hand are compared.
    """
    network = what if isinstance(what, Subject) else subject(what)
    spec, start = network.spec, time.perf_counter()
    with one_thread():
        drifts = tuple(measure_drift(spec, dtype, seed, steps) for dtype in TOLERANCES)
        checks = (
            check_gradients(spec, entries, seed),
            check_layers(spec, entries, seed),
            check_hands(spec, seed),
            *map(check_drift, drifts),
            *check_sanity(spec, seed),
        )
    return Proof(network.name, spec, checks, drifts, time.perf_counter() - start)


def prove_optimizers(*, seed: int = 0) -> Proof:
    """Prove the optimizers' formulas, which are the same for all networks."""
    start = time.perf_counter()
    if has_torch():
        with one_thread():
            checks = check_optimizers(seed)
    else:
        checks = tuple(Check(name, skipped="needs PyTorch (pip install 'byhand[torch]')") for name in FORMULAS)
    return Proof("optimizers", None, checks, (), time.perf_counter() - start)


def prove_all(
    subjects: Sequence[Subject], *, entries: int = ENTRIES, seed: int = 0, processes: int = 0
) -> Iterator[Proof]:
    """Prove several networks, in parallel in separate processes.

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
    prove_one = partial(prove, entries=entries, seed=seed)
    if processes < 2:
        yield from map(prove_one, subjects)
        return
    # Spawned and not forked: a forked process would inherit locks of threads that it does not have. Ctrl-C is left to
    # this process.
    ignore_interrupts = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), ignore_interrupts)
    try:
        yield from pool.map(prove_one, subjects)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one processor inside: batches this small only lose by being divided."""
    with blas_threads() as before:
        pass
    set_blas_threads(1)
    torch_before = 0
    if has_torch():
        import torch

        torch_before = torch.get_num_threads()
        torch.set_num_threads(1)
    try:
        yield
    finally:
        set_blas_threads(before)
        if torch_before:
            torch.set_num_threads(torch_before)
