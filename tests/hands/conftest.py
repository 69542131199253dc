"""Pictures of one batch, and numbers to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def batch() -> tuple[np.ndarray, np.ndarray]:
    """Thirteen pictures of random grey levels, and their labels."""
    rng = np.random.default_rng(5)
    return rng.integers(0, 256, (13, 28, 28), dtype=np.uint8), rng.integers(0, 10, 13).astype(np.uint8)


@pytest.fixture(scope="session")
def distance() -> Callable[[Any, Any], float]:
    """``distance(a, b)``: the largest difference over the largest number."""

    def relative(a: Any, b: Any) -> float:
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        assert a.shape == b.shape
        return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))

    return relative
