"""What a run is computed on: device, threads, processor, BLAS kernels and versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

import threadpoolctl

from byhand import __version__
from byhand.cpu import free_processors, processors, set_blas_threads
from byhand.errors import ByhandError
from byhand.training.config import MAX_THREADS

LIBRARIES = ("numpy", "scipy", "scikit-learn", "safetensors", "torch")


def choose_device(wanted: str, hand: str, dtype: str = "float32") -> tuple[str, str]:
    """Choose the device for a hand.

    Parameters
    ----------
    wanted
        ``"auto"``, or a device of torch such as ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
    hand
        The hand.
    dtype
        ``"float32"`` or ``"float64"``, which Apple's GPUs cannot compute.

    Returns
    -------
    tuple of str
        The device, and the reason for the choice.

    Raises
    ------
    ByhandError
        If the device is not available, or the hand or the dtype cannot use it.
    """
    if hand in ("numpy", "fast"):
        if wanted not in ("auto", "cpu"):
            raise ByhandError(
                f"The {hand} hand computes on the CPU, not on {wanted!r}; choose --hand tensor or torch.",
                code="hands.cpu_only",
            )
        return "cpu", "NumPy computes on the CPU"
    if wanted == "cpu":
        return "cpu", "as requested"
    try:
        import torch
    except ImportError:
        # `hands.build` reports it.
        return "cpu", "PyTorch is not installed"
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda", f"{torch.cuda.get_device_name()} is available"
        if torch.backends.mps.is_available():
            if dtype == "float64":
                return "cpu", "Apple's GPU does not compute in float64"
            return "mps", "Apple's GPU is available"
        return "cpu", "no GPU was found"
    try:
        torch.zeros(1, dtype=getattr(torch, dtype), device=wanted).cpu()
    except (RuntimeError, AssertionError, TypeError) as problem:
        reason = str(problem).partition("\n")[0].rstrip(".")
        raise ByhandError(
            f"The device {wanted!r} cannot be used in {dtype} ({reason}); choose --device auto or cpu.",
            code="environment.device_unavailable",
        ) from problem
    return wanted, "as requested"


def set_threads(count: int) -> int:
    """Set how many threads NumPy, SciPy and torch compute with.

    The number belongs to the process and stays after training: restored, it would change the last bits of another
    training in the same process.

    Parameters
    ----------
    count
        Number of threads; 0 takes one for every processor that this process may use.

    Returns
    -------
    int
        The number that was set.

    Raises
    ------
    ByhandError
        If the number is negative or too large.
    """
    if not 0 <= count <= MAX_THREADS:
        raise ByhandError(
            f"Invalid number of threads {count}; expected 0 to {MAX_THREADS}.", code="environment.invalid_threads"
        )
    count = count or processors()
    set_blas_threads(count)
    threadpoolctl.threadpool_limits(count, user_api="openmp")
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(count)
    return count


def choose_threads() -> tuple[int, str]:
    """Choose how many threads a new run computes with, and say why if they are fewer than there are processors.

    ``OMP_NUM_THREADS`` decides if it is set. Otherwise there is a thread for every processor that other programs leave
    free: threads that wait for one another are slower on busy processors than one thread.
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= MAX_THREADS:
        return int(wanted), ""
    count, free = processors(), free_processors()
    if free == count:
        return count, ""
    return free, (
        f"other programs keep {count - free} of {count} processors busy; computing with {free} "
        f"thread{'s' if free > 1 else ''} (--threads {count} uses all)."
    )


def environment(device: str, threads: int) -> dict[str, Any]:
    """Describe device, processor and libraries, without the name of the machine.

    Returns
    -------
    dict
        Versions, processor, device, threads, and the linear algebra in use with its kernels.
    """
    versions = {"byhand": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            versions[library] = "not installed"
    blas = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    products = {f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip() for pool in blas}
    return {
        "versions": versions,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "device": device,
        "threads": threads,
        "linear_algebra": sorted(products),
    }


def processor() -> str:
    """Name the processor model."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
