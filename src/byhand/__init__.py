"""byhand: handwritten digits, read by networks written by hand.

::

    import byhand

    run = byhand.train("mlp", hand="fast", epochs=3)
    run.accuracy
    run.network.logits(images)

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Idle threads of OpenBLAS and OpenMP look for work for 25 ms and more, which takes the processors from whatever else
# computes. The libraries read these when they are loaded; what you have set stays. About 100 microseconds.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "18")
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    os.environ.setdefault("KMP_BLOCKTIME", "1")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from byhand.api import load_digits, load_network, load_run, prove, train
    from byhand.errors import ByhandError
    from byhand.reading import Reader

_PUBLIC = {
    "ByhandError": "byhand.errors",
    "Reader": "byhand.reading",
    "load_digits": "byhand.api",
    "load_network": "byhand.api",
    "load_run": "byhand.api",
    "prove": "byhand.api",
    "train": "byhand.api",
}

__all__ = ["ByhandError", "Reader", "__version__", "load_digits", "load_network", "load_run", "prove", "train"]


def __getattr__(name: str) -> Any:
    import importlib

    if name == "look":
        return importlib.import_module("byhand.viz.inside")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'byhand' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
