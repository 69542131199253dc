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
from byhand.errors import ByhandError, nearest
from byhand.hands import HANDS
from byhand.models.spec import Spec
from byhand.training.optimizers import FORMULAS
from byhand.training.recipe import Recipe
from byhand.verify.agreement import check_hands
from byhand.verify.drift import STEPS, TOLERANCES, check_drift, measure_drift
from byhand.verify.gradients import check_gradients, check_layers
from byhand.verify.javascript import HAND as JAVASCRIPT
from byhand.verify.javascript import check_javascript, check_javascript_optimizers
from byhand.verify.javascript_runtime import require_runtime
from byhand.verify.optimizer_steps import check_optimizers
from byhand.verify.result import Check, Drift, Proof, available_hands, has_torch
from byhand.verify.sanity import check_sanity
from byhand.verify.subject import Subject, every, subject

__all__ = ["Check", "Drift", "Proof", "every", "prove", "prove_all", "prove_optimizers", "selected_hands", "subject"]

ENTRIES = 16
"""Default number of entries of every array that are compared one by one."""


def prove(
    what: str | Path | Recipe | Spec | Subject,
    *,
    entries: int = ENTRIES,
    steps: int = STEPS,
    seed: int = 0,
    hands: Sequence[str] | None = None,
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
    hands
        The hands to compare with the textbook hand; by default all that are available, as `selected_hands` has it.

    Returns
    -------
    Proof
        What was found. Without torch, the numpy, the fast and the javascript hand are compared.
    """
    network = what if isinstance(what, Subject) else subject(what)
    spec, start = network.spec, time.perf_counter()
    hands = selected_hands(hands)
    in_python = [hand for hand in hands if hand != JAVASCRIPT]
    with one_thread():
        drifts = tuple(measure_drift(spec, dtype, seed, steps, in_python) for dtype in TOLERANCES if in_python)
        checks = (
            check_gradients(spec, entries, seed),
            check_layers(spec, entries, seed),
            *([check_hands(spec, seed, in_python)] if in_python else []),
            *map(check_drift, drifts),
            *check_sanity(spec, seed),
            *(check_javascript(spec, seed) if JAVASCRIPT in hands else ()),
        )
    return Proof(network.name, spec, checks, drifts, time.perf_counter() - start)


def selected_hands(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Check which hands are to be compared with the textbook hand.

    Parameters
    ----------
    wanted
        Their names, or ``None`` for all that are available. The javascript hand is among those even if there is nothing
        to run it; its checks are then skipped, and say so.

    Raises
    ------
    ByhandError
        ``hands.unknown_hand``; ``hands.no_torch`` or ``hands.no_javascript`` if one was named that cannot run here.
    """
    others = (*available_hands()[1:], JAVASCRIPT)
    if wanted is None:
        return others
    known = (*HANDS[1:], JAVASCRIPT)
    for hand in wanted:
        if hand not in known:
            raise ByhandError(
                f"There is no hand {hand!r} to compare with the numpy hand; {nearest(hand, known)}.",
                code="hands.unknown_hand",
            )
        if hand == JAVASCRIPT:
            require_runtime()
        elif hand not in others:
            raise ByhandError(
                f"The {hand} hand needs PyTorch, which is not installed; run `pip install 'byhand[torch]'`.",
                code="hands.no_torch",
            )
    return tuple(dict.fromkeys(wanted))


def prove_optimizers(*, seed: int = 0, hands: Sequence[str] | None = None) -> Proof:
    """Prove the optimizers' formulas, which are the same for all networks, and those of the javascript hand."""
    start = time.perf_counter()
    if has_torch():
        with one_thread():
            checks = check_optimizers(seed)
    else:
        checks = tuple(Check(name, skipped="needs PyTorch (pip install 'byhand[torch]')") for name in FORMULAS)
    if JAVASCRIPT in selected_hands(hands):
        checks = (*checks, check_javascript_optimizers(seed))
    return Proof("optimizers", None, checks, (), time.perf_counter() - start)


def prove_all(
    subjects: Sequence[Subject],
    *,
    entries: int = ENTRIES,
    seed: int = 0,
    processes: int = 0,
    hands: Sequence[str] | None = None,
) -> Iterator[Proof]:
    """Prove several networks, in parallel in separate processes.

    Parameters
    ----------
    subjects
        What to prove. Layers that are defined outside byhand must be defined when this process's main module is
        imported.
    entries, seed, hands
        As for `prove`.
    processes
        How many at a time; 0 takes as many as there are processors that this process may use, 1 needs no other process.

    Yields
    ------
    Proof
        One for each network, in their order.
    """
    processes = min(processes or processors(), len(subjects))
    prove_one = partial(prove, entries=entries, seed=seed, hands=hands)
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
