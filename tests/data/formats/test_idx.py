from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from byhand.data import read


@pytest.mark.parametrize("zipped", [True, False])
def test_four_files(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, zipped: bool
) -> None:
    make.mnist_files(tmp_path, images, labels, zipped)
    (tmp_path / "SHA256SUMS").write_text("another text file\n")
    dataset = read(tmp_path)
    assert dataset.test is not None
    np.testing.assert_array_equal(dataset.train.images, images[:20])
    np.testing.assert_array_equal(dataset.train.labelled(), labels[:20])
    np.testing.assert_array_equal(dataset.test.images, images[20:])
    np.testing.assert_array_equal(dataset.test.labelled(), labels[20:])


def test_the_smaller_pair_is_the_test_set_if_names_do_not_say(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace
) -> None:
    for name, array in (("a", images[:5]), ("b", images[5:]), ("c", labels[5:]), ("d", labels[:5])):
        (tmp_path / name).write_bytes(make.idx(array))
    dataset = read(tmp_path)
    assert dataset.test is not None
    np.testing.assert_array_equal(dataset.train.labelled(), labels[5:])
    np.testing.assert_array_equal(dataset.test.labelled(), labels[:5])


@pytest.mark.parametrize("given", ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
def test_one_file_finds_its_partner(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, given: str
) -> None:
    make.mnist_files(tmp_path, images, labels)
    # Other files of the folder do not matter.
    (tmp_path / "favicon.ico").write_bytes(b"\0\0\1\0garbage")
    (tmp_path / "half.gz").write_bytes(gzip.compress(bytes(9))[:-9])
    (tmp_path / "short").write_bytes(b"\0\0")
    dataset = read(tmp_path / given)
    assert dataset.test is None
    np.testing.assert_array_equal(dataset.train.images, images[:20])
    np.testing.assert_array_equal(dataset.train.labelled(), labels[:20])


def test_a_damaged_partner_is_an_error(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, refused: Callable[[str], Any]
) -> None:
    make.mnist_files(tmp_path, images, labels)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b\x08")
    with refused("data.damaged"):
        read(tmp_path / "t10k-images-idx3-ubyte.gz")


def test_images_alone_are_unlabelled(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    (tmp_path / "any").write_bytes(make.idx(images))
    assert read(tmp_path / "any").train.labels is None


def _gzip_with_a_wrong_checksum(idx: bytes) -> bytes:
    whole = bytearray(gzip.compress(idx))
    whole[-6] ^= 1
    return bytes(whole)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda idx: gzip.compress(idx)[: len(gzip.compress(idx)) // 2], "data.damaged"),
        (lambda idx: gzip.compress(idx)[:5], "data.damaged"),
        (_gzip_with_a_wrong_checksum, "data.damaged"),
        (lambda idx: b"\0\0\x0d\3" + idx[4:], "data.bad_magic"),
        (lambda idx: b"\0\0\x08\7" + idx[4:], "data.bad_magic"),
        (lambda idx: idx[:-1], "data.truncated"),
        (lambda idx: idx[:6], "data.truncated"),
        (lambda idx: idx + b"\0", "data.damaged"),
        (lambda idx: struct.pack(">4I", 0x803, 2**32 - 1, 28, 28), "data.too_large"),
        (lambda idx: gzip.compress(struct.pack(">4I", 0x803, 2, 28, 28) + bytes(50_000_000)), "data.damaged"),
        (lambda idx: struct.pack(">4I", 0x803, 3, 32, 32) + bytes(3 * 32 * 32), "data.wrong_size"),
        (lambda idx: struct.pack(">4I", 0x803, 0, 28, 28), "data.empty"),
    ],
)
def test_bad_images(
    tmp_path: Path,
    images: np.ndarray,
    make: SimpleNamespace,
    refused: Callable[[str], Any],
    change: Callable[[bytes], bytes],
    code: str,
) -> None:
    file = tmp_path / "some-images-idx3-ubyte"
    file.write_bytes(change(make.idx(images)))
    for path in (tmp_path, file):
        with refused(code):
            read(path)


def test_labels_that_do_not_fit(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, refused: Callable[[str], Any]
) -> None:
    (tmp_path / "some-images-idx3-ubyte").write_bytes(make.idx(images))
    for wrong, code in ((labels[1:], "data.bad_labels"), (labels + 1, "data.label_out_of_range")):
        (tmp_path / "some-labels-idx1-ubyte").write_bytes(make.idx(wrong))
        with refused(code):
            read(tmp_path)


def test_files_without_a_clear_partner(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, refused: Callable[[str], Any]
) -> None:
    (tmp_path / "y").write_bytes(make.idx(labels))
    with refused("data.missing_images"):
        read(tmp_path / "y")
    (tmp_path / "x").write_bytes(make.idx(images))
    (tmp_path / "z").write_bytes(make.idx(labels))
    with refused("data.ambiguous_partner"):
        read(tmp_path)
    for name in "uv":
        (tmp_path / name).write_bytes(make.idx(images))
    with refused("data.ambiguous_folder"):
        read(tmp_path)
