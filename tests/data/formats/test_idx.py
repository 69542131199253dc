from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace

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


def test_images_alone_are_unlabelled(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    (tmp_path / "any").write_bytes(make.idx(images))
    assert read(tmp_path / "any").train.labels is None
