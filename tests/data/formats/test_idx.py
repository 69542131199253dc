from __future__ import annotations

import gzip
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from byhand.data import read
from byhand.errors import ByhandError


@pytest.mark.parametrize("zipped", [True, False])
def test_four_files(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, zipped: bool
) -> None:
    make.mnist_files(tmp_path, images, labels, zipped)
    (tmp_path / "SHA256SUMS").write_text("a text beside them\n")
    dataset = read(tmp_path)
    assert dataset.test is not None
    np.testing.assert_array_equal(dataset.train.images, images[:20])
    np.testing.assert_array_equal(dataset.train.labelled(), labels[:20])
    np.testing.assert_array_equal(dataset.test.images, images[20:])
    np.testing.assert_array_equal(dataset.test.labelled(), labels[20:])


def test_the_smaller_pair_is_the_test_set_where_names_tell_nothing(
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
    dataset = read(tmp_path / given)
    assert dataset.test is None
    np.testing.assert_array_equal(dataset.train.images, images[:20])
    np.testing.assert_array_equal(dataset.train.labelled(), labels[:20])


def test_what_else_is_in_the_folder_of_a_pair_does_not_matter(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace
) -> None:
    make.mnist_files(tmp_path, images, labels)
    (tmp_path / "favicon.ico").write_bytes(b"\0\0\1\0garbage")
    (tmp_path / "half.gz").write_bytes(gzip.compress(bytes(9))[:-9])
    (tmp_path / "short").write_bytes(b"\0\0")
    assert len(read(tmp_path / "t10k-images-idx3-ubyte.gz").train.labelled()) == 10


def test_a_damaged_partner_is_not_passed_over(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace
) -> None:
    make.mnist_files(tmp_path, images, labels)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(ByhandError, match=r"t10k-labels-idx1-ubyte\.gz is a truncated"):
        read(tmp_path / "t10k-images-idx3-ubyte.gz")


def test_images_alone_are_unlabelled(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    (tmp_path / "any").write_bytes(make.idx(images))
    assert read(tmp_path / "any").train.labels is None


def _refused(folder: Path, content: bytes, pattern: str, labels: bytes | None = None) -> None:
    (folder / "some-images-idx3-ubyte").write_bytes(content)
    if labels is not None:
        (folder / "some-labels-idx1-ubyte").write_bytes(labels)
    for path in (folder, folder / "some-images-idx3-ubyte"):
        with pytest.raises(ByhandError, match=pattern):
            read(path)


def test_truncated_gzip(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    whole = gzip.compress(make.idx(images))
    _refused(tmp_path, whole[: len(whole) // 2], "truncated or damaged gzip")
    _refused(tmp_path, whole[:5], "truncated or damaged gzip")


def test_gzip_with_a_wrong_checksum(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    whole = bytearray(gzip.compress(make.idx(images)))
    whole[-6] ^= 1
    _refused(tmp_path, bytes(whole), "truncated or damaged gzip")


@pytest.mark.parametrize("magic", [b"\0\0\x0d\3", b"\0\1\x08\3", b"\0\0\x08\7"])
def test_wrong_magic_number(tmp_path: Path, images: np.ndarray, make: SimpleNamespace, magic: bytes) -> None:
    _refused(tmp_path, magic + make.idx(images)[4:], "magic number|begins with the bytes|without digits")


def test_counts_that_disagree(tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace) -> None:
    _refused(tmp_path, make.idx(images), "29 labels for 30 images", make.idx(labels[1:]))


def test_label_outside_0_to_9(tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace) -> None:
    wrong = labels.copy()
    wrong[17] = 10
    _refused(tmp_path, make.idx(images), r"image 17 \(counted from 0\) as 10", make.idx(wrong))


def test_images_of_another_size(tmp_path: Path, make: SimpleNamespace) -> None:
    _refused(tmp_path, make.idx(np.zeros((3, 32, 32), np.uint8)), "32x32 pixels, expected 28x28")


def test_fewer_and_more_bytes_than_promised(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    _refused(tmp_path, make.idx(images)[:-1], "fewer bytes")
    _refused(tmp_path, make.idx(images) + b"\0", "more bytes")
    _refused(tmp_path, make.idx(images)[:6], "ends within its IDX header")


def test_header_that_claims_terabytes(tmp_path: Path, make: SimpleNamespace) -> None:
    _refused(tmp_path, struct.pack(">4I", 0x803, 2**32 - 1, 28, 28), "4,294,967,295 entries, expected at most")


def test_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    zeros = struct.pack(">4I", 0x803, 2, 28, 28) + bytes(50_000_000)
    _refused(tmp_path, gzip.compress(zeros), "more bytes than the 2 entries")


def test_no_images(tmp_path: Path, make: SimpleNamespace) -> None:
    _refused(tmp_path, make.idx(np.zeros((0, 28, 28), np.uint8)), "no images")


def test_labels_alone(tmp_path: Path, labels: np.ndarray, make: SimpleNamespace) -> None:
    (tmp_path / "labels").write_bytes(make.idx(labels))
    with pytest.raises(ByhandError, match="labels without images"):
        read(tmp_path / "labels")


def test_partners_that_cannot_be_told(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace
) -> None:
    (tmp_path / "x").write_bytes(make.idx(images))
    for name in ("y", "z"):
        (tmp_path / name).write_bytes(make.idx(labels))
    with pytest.raises(ByhandError, match="may belong to y or z"):
        read(tmp_path)


def test_three_files_of_images(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    for name in "xyz":
        (tmp_path / name).write_bytes(make.idx(images))
    with pytest.raises(ByhandError, match="3 IDX files of images"):
        read(tmp_path)
