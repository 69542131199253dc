"""What all tests share: no network, no data but their own, and small digits that can be learnt."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

from byhand.data import Digits, Splits
from byhand.errors import ByhandError

# Runs without a number of threads take that of free processors, which is another at every moment.
os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))

ROOT = Path(__file__).parents[1]
REAL = os.environ.get("BYHAND_DATA")

# The same examples at every run, and no folder left behind; nobody's machine is fast enough for deadlines.
hypothesis.settings.register_profile(
    "byhand", deadline=None, derandomize=True, database=None, max_examples=40, print_blob=False
)
hypothesis.settings.load_profile("byhand")
# New examples, as the seed given by --hypothesis-seed says: `make soak`.
hypothesis.settings.register_profile(
    "soak",
    hypothesis.settings.get_profile("byhand"),
    derandomize=False,
    max_examples=int(os.environ.get("BYHAND_SOAK_EXAMPLES", "1000")),
)


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the user's data or cache, or reaches beyond this machine."""
    monkeypatch.delenv("BYHAND_DATA", raising=False)
    monkeypatch.setenv("BYHAND_CACHE", str(tmp_path_factory.getbasetemp() / "no-cache"))
    # For children, wherever they are started.
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    resolve = socket.getaddrinfo

    def local_only(host: str, *rest: Any, **options: Any) -> Any:
        if host != "127.0.0.1":
            raise socket.gaierror(-2, "no names are resolved in tests")
        return resolve(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)


@pytest.fixture(scope="session")
def refused() -> Callable[[str], AbstractContextManager[Any]]:
    """``with refused("data.truncated"):`` the block raises `ByhandError` with that code, in one sentence."""

    def check(code: str) -> AbstractContextManager[Any]:
        def matches(error: ByhandError) -> bool:
            sentence = str(error)
            assert "\n" not in sentence
            assert sentence.endswith((".", "?"))
            return error.code == code

        return pytest.raises(ByhandError, check=matches)

    return check


@pytest.fixture
def real_mnist() -> Path:
    """The folder of MNIST's four files, where there is one."""
    if not REAL or not (Path(REAL) / "train-images-idx3-ubyte.gz").exists():
        pytest.skip("BYHAND_DATA does not name MNIST's four files")
    return Path(REAL)


def drawn(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ten patterns of ink, one for a class, each picture with noise of its own: a network learns them in no time."""
    rng = np.random.default_rng(seed)
    patterns = 200 * (np.random.default_rng(99).random((10, 28, 28)) < 0.1)
    labels = (np.arange(count) % 10).astype(np.uint8)
    images = patterns[labels] + rng.integers(0, 56, (count, 28, 28))
    return images.astype(np.uint8), labels


@pytest.fixture(scope="session")
def pictures() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """``pictures(count, seed)``: images and labels."""
    return drawn


@pytest.fixture(scope="session")
def splits() -> Splits:
    """130 digits to train, 40 to validate, 30 to test."""
    return Splits(
        *(Digits(*drawn(count, seed), "drawn", "the tests") for seed, count in enumerate((130, 40, 30))), seed=0
    )


@pytest.fixture(scope="session")
def npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 220 digits, as Keras would ship it."""
    path = tmp_path_factory.mktemp("data") / "drawn.npz"
    (x_train, y_train), (x_test, y_test) = drawn(180), drawn(40, seed=1)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``python(*words)``: another Python process that knows byhand, in an empty folder."""

    def run(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, **options
        )

    return run
