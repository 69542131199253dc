"""npz and MATLAB: arrays of other programs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from byhand.data import read


def _saved(folder: Path, content: bytes) -> Path:
    path = folder / "file.bin"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (784,)])
def test_npz_as_keras_ships_it(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, kind: type, shape: tuple[int, ...]
) -> None:
    x = images.astype(kind).reshape(-1, *shape)
    y = labels.astype(kind)
    dataset = read(_saved(tmp_path, make.npz(x_train=x[:20], y_train=y[:20], x_test=x[20:], y_test=y[20:])))
    assert dataset.test is not None
    np.testing.assert_array_equal(dataset.train.images, images[:20])
    np.testing.assert_array_equal(dataset.test.labelled(), labels[20:])
    assert dataset.train.images.dtype == dataset.test.labelled().dtype == np.uint8


def test_npz_without_labels_or_test(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    dataset = read(_saved(tmp_path, make.npz(x_train=images)))
    assert dataset.test is None
    assert dataset.train.labels is None


@pytest.mark.parametrize("compressed", [True, False])
def test_mnist_all(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, compressed: bool
) -> None:
    variables = {
        f"{part}{label}": images[chosen][labels[chosen] == label].reshape(-1, 784)
        for part, chosen in (("train", slice(0, 20)), ("test", slice(20, None)))
        for label in range(10)
    }
    dataset = read(_saved(tmp_path, make.mat({**variables, "affNISTdata": np.zeros(3)}, compressed)))
    assert dataset.test is not None
    assert dataset.train.labelled().tolist() == sorted([*range(10), *range(10)])
    order = np.argsort(labels[:20], kind="stable")
    np.testing.assert_array_equal(dataset.train.images, images[:20][order])
    np.testing.assert_array_equal(dataset.test.images, images[20:])
