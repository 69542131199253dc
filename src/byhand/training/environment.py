"""On what a run was computed: device, threads, processor, kernels and versions."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path
from typing import Any

import threadpoolctl

from byhand import __version__
from byhand.cpu import processors
from byhand.errors import ByhandError
from byhand.training.config import MAX_THREADS

LIBRARIES = ("numpy", "scipy", "scikit-learn", "safetensors", "torch")


def choose_device(wanted: str, hand: str) -> tuple[str, str]:
    """Choose where a hand computes.

    Parameters
    ----------
    wanted
        ``"auto"``, or a device of torch such as ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
    hand
        The hand.

    Returns
    -------
    tuple of str
        The device, and why it was chosen, as a half-sentence.

    Raises
    ------
    ByhandError
        If the device is not there, or the hand cannot use it.
    """
    if hand in ("numpy", "fast"):
        if wanted not in ("auto", "cpu"):
            raise ByhandError(f"The numpy hand computes on the CPU, not on {wanted!r}; choose --hand tensor or torch.")
        return "cpu", "NumPy computes on the CPU"
    if wanted == "cpu":
        return "cpu", "as asked"
    try:
        import torch
    except ImportError:
        # `hands.build` says what is missing and how to get it.
        return "cpu", "PyTorch is not installed"
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda", f"{torch.cuda.get_device_name()} is there"
        if torch.backends.mps.is_available():
            return "mps", "Apple's GPU is there"
        return "cpu", "no GPU was found"
    try:
        torch.zeros(1, device=wanted).cpu()
    except (RuntimeError, AssertionError) as problem:
        reason = str(problem).partition("\n")[0].rstrip(".")
        raise ByhandError(f"The device {wanted!r} cannot be used ({reason}); choose --device auto or cpu.") from problem
    return wanted, "as asked"


def set_threads(count: int) -> int:
    """Set how many threads compute products, in NumPy's, SciPy's and torch's libraries.

    Parameters
    ----------
    count
        How many; 0 takes as many as there are processors that this process may use.

    Returns
    -------
    int
        How many it was set to.

    Raises
    ------
    ByhandError
        If nobody computes with so many.
    """
    if not 0 <= count <= MAX_THREADS:
        raise ByhandError(f"threads was given as {count}; give a number from 0 to {MAX_THREADS}.")
    count = count or processors()
    threadpoolctl.threadpool_limits(count)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(count)
    return count


def environment(device: str, threads: int) -> dict[str, Any]:
    """Describe what computes, without naming the machine.

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
    products = sorted(
        {f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip() for pool in _blas()}
    )
    return {
        "versions": versions,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "device": device,
        "threads": threads,
        "linear_algebra": products,
    }


def processor() -> str:
    """Name the processor as its maker does."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _blas() -> list[dict[str, Any]]:
    return [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
