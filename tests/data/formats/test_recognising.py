"""Any bytes at all either are digits or end in one sentence."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from types import SimpleNamespace

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


def _digits_or_one_sentence(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        assert isinstance(read(path), Dataset)
    except ByhandError as problem:
        sentence = str(problem)
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert "expected" in sentence


@settings(deadline=None, max_examples=150)
@given(start=st.sampled_from([b"", *STARTS]), rest=st.binary(max_size=300))
def test_arbitrary_bytes(scratch: Path, start: bytes, rest: bytes) -> None:
    _digits_or_one_sentence(scratch, start + rest)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_mutated_files(scratch: Path, valid: dict[str, bytes], kind: str, data: st.DataObject) -> None:
    content = bytearray(valid[kind])
    # Headers and footers are short; half of the changes go there.
    places = st.integers(0, len(content) - 1) | st.integers(0, 200) | st.integers(len(content) - 200, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=4)):
        content[place % len(content)] = byte
    cut = data.draw(st.none() | st.integers(0, len(content)))
    _digits_or_one_sentence(scratch, bytes(content[:cut]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_before_mutation_are_read_under_any_name(tmp_path: Path, valid: dict[str, bytes], kind: str) -> None:
    path = tmp_path / "misleading.zip.csv.png"
    path.write_bytes(valid[kind])
    digits = read(path).train
    np.testing.assert_array_equal(digits.images[0], FEW[0])
    assert digits.source == str(path)
    assert digits.name == "misleading"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b"hello\n", "a text without commas"),
        (gzip.compress(b"hello"), "a gzip file of something else"),
        (b"\xde\xad\xbe\xef", "begins with the bytes de ad be ef"),
    ],
)
def test_what_was_found_is_said(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ByhandError, match=found):
        read(tmp_path / "x")


def test_paths_that_cannot_be_read(tmp_path: Path, make: SimpleNamespace) -> None:
    with pytest.raises(ByhandError, match="No such file"):
        read(tmp_path / "missing")
    with pytest.raises(ByhandError, match="null character"):
        read("a\0b")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ByhandError, match="cannot be read"):
        read(tmp_path / "loop")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it(tmp_path: Path, make: SimpleNamespace) -> None:
    (tmp_path / "x").write_bytes(make.idx(FEW))
    (tmp_path / "x").chmod(0)
    with pytest.raises(ByhandError, match="Permission denied"):
        read(tmp_path / "x")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ByhandError, match="neither a file nor a folder"):
        read(tmp_path / "pipe")


def test_a_folder_with_several_files(tmp_path: Path, make: SimpleNamespace) -> None:
    (tmp_path / "mnist.npz").write_bytes(make.npz(x_train=FEW))
    assert len(read(tmp_path).train) == 3
    (tmp_path / "other.npz").write_bytes(make.npz(x_train=FEW))
    with pytest.raises(ByhandError, match=r"2 files of digits \(mnist.npz, other.npz\)"):
        read(tmp_path)


def test_a_folder_with_a_file_to_train_and_one_to_test(tmp_path: Path, make: SimpleNamespace) -> None:
    (tmp_path / "train.npz").write_bytes(make.npz(x_train=FEW, y_train=ONES))
    (tmp_path / "test.npz").write_bytes(make.npz(x_train=FEW[:2], y_train=ONES[:2]))
    dataset = read(tmp_path)
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.test)) == (3, 2)
    (tmp_path / "train.npz").unlink()
    (tmp_path / "train.csv").write_text(make.csv(FEW, ONES))
    with pytest.raises(ByhandError, match=r"2 files of digits \(train.csv, test.npz\), expected one"):
        read(tmp_path)


def test_reading_leaves_nothing_behind(tmp_path: Path, valid: dict[str, bytes]) -> None:
    for kind, content in valid.items():
        (tmp_path / kind).write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    for kind in valid:
        read(tmp_path / kind)
    assert sorted(tmp_path.rglob("*")) == before
