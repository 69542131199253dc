"""Any file is read or refused with one sentence."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byhand.data import Dataset, read
from byhand.errors import ByhandError

FEW = np.random.default_rng(1).integers(0, 256, (3, 28, 28), dtype=np.uint8)
ONES = np.array([1, 2, 3], np.uint8)
KINDS = ["idx", "gzip", "csv", "npz", "mat", "plain mat", "parquet", "picture"]
STARTS = [
    b"\0\0\x08\3",
    b"\x1f\x8b\x08",
    b"PK\3\4",
    b"PAR1",
    b"MATLAB 5.0 MAT-file",
    b"\x89PNG",
    b"GIF8",
    b"BM",
    b"P5",
    b"1,",
]


@pytest.fixture(scope="module")
def valid(make: SimpleNamespace) -> dict[str, bytes]:
    variables = {f"train{label}": FEW[:1].reshape(1, 784) for label in range(3)}
    return {
        "idx": make.idx(FEW),
        "gzip": gzip.compress(make.idx(FEW)),
        "csv": make.csv(FEW, ONES).encode(),
        "npz": make.npz(x_train=FEW, y_train=ONES),
        "mat": make.mat(variables),
        "plain mat": make.mat(variables, compressed=False),
        "parquet": make.parquet([make.picture(image) for image in FEW], ONES.tolist()),
        "picture": make.picture(FEW[0]),
    }


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "file"


def _read_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        assert isinstance(read(path), Dataset)
    except ByhandError as problem:
        sentence = str(problem)
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert problem.code.startswith("data.")  # noqa: PT017


@settings(deadline=None, max_examples=80)
@given(start=st.sampled_from([b"", *STARTS]), rest=st.binary(max_size=300))
def test_arbitrary_bytes(scratch: Path, start: bytes, rest: bytes) -> None:
    _read_or_refused(scratch, start + rest)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_mutated_files(scratch: Path, valid: dict[str, bytes], kind: str, data: st.DataObject) -> None:
    content = bytearray(valid[kind])
    # Headers and footers are short; half of the changes go there.
    positions = (
        st.integers(0, len(content) - 1) | st.integers(0, 200) | st.integers(len(content) - 200, len(content) - 1)
    )
    for position, byte in data.draw(st.lists(st.tuples(positions, st.integers(0, 255)), min_size=1, max_size=4)):
        content[position % len(content)] = byte
    cut = data.draw(st.none() | st.integers(0, len(content)))
    _read_or_refused(scratch, bytes(content[:cut]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_before_mutation_are_read_under_any_name(tmp_path: Path, valid: dict[str, bytes], kind: str) -> None:
    path = tmp_path / "misleading.zip.csv.png"
    path.write_bytes(valid[kind])
    digits = read(path).train
    np.testing.assert_array_equal(digits.images[0], FEW[0])
    assert digits.source == str(path)
    assert digits.name == "misleading"


def test_a_folder_with_several_files(tmp_path: Path, make: SimpleNamespace, refused: Callable[[str], Any]) -> None:
    (tmp_path / "train.npz").write_bytes(make.npz(x_train=FEW, y_train=ONES))
    assert len(read(tmp_path).train) == 3
    (tmp_path / "test.npz").write_bytes(make.npz(x_train=FEW[:2], y_train=ONES[:2]))
    dataset = read(tmp_path)
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.test)) == (3, 2)
    (tmp_path / "train.npz").rename(tmp_path / "other.npz")
    (tmp_path / "third.npz").write_bytes(make.npz(x_train=FEW))
    with refused("data.ambiguous_folder"):
        read(tmp_path)
    (tmp_path / "third.npz").unlink()
    (tmp_path / "other.npz").unlink()
    (tmp_path / "train.csv").write_text(make.csv(FEW, ONES))
    with refused("data.ambiguous_folder"):
        read(tmp_path)
