"""npz and MATLAB: arrays of other programs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda x, y: {"x_train": np.array([{1: 2}], dtype=object)}, "data.pickle"),
        (lambda x, y: {"x_train": x, "y_train": y.astype(object)}, "data.pickle"),
        (lambda x, y: {"x_train": x / 255.0, "y_train": y}, "data.bad_value"),
        (lambda x, y: {"x_train": np.full((3, 784), np.nan)}, "data.bad_value"),
        (lambda x, y: {"x_train": x.astype(int) + 1}, "data.bad_value"),
        (lambda x, y: {"x_train": x[:, :14]}, "data.bad_shape"),
        (lambda x, y: {"x_train": np.uint8(3)}, "data.bad_shape"),
        (lambda x, y: {"x_train": x, "y_train": y[:-1]}, "data.bad_labels"),
        (lambda x, y: {"x_train": x, "y_train": y + 5}, "data.label_out_of_range"),
        (lambda x, y: {"x_train": x, "y_train": np.eye(10)[y]}, "data.bad_shape"),
        (lambda x, y: {"x_train": x, "y_train": y.astype("U1")}, "data.bad_type"),
        (lambda x, y: {"x_train": x[:0]}, "data.empty"),
        (lambda x, y: {"images": x}, "data.missing_arrays"),
        (lambda x, y: {}, "data.missing_arrays"),
    ],
)
def test_npz_of_something_else(
    tmp_path: Path,
    images: np.ndarray,
    labels: np.ndarray,
    make: SimpleNamespace,
    refused: Callable[[str], Any],
    change: Callable[..., dict[str, Any]],
    code: str,
) -> None:
    with refused(code):
        read(_saved(tmp_path, make.npz(**change(images, labels))))


def _npy_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


def _zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", content)
    return file.getvalue()


def test_npz_that_claims_more_than_it_contains(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    with refused("data.truncated"):
        read(_saved(tmp_path, _zipped(_npy_header((900_000, 28, 28)))))
    with refused("data.too_large"):
        read(_saved(tmp_path, _zipped(_npy_header((10**12, 28, 28)))))


def test_npz_that_unpacks_to_gigabytes(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    content = _zipped(_npy_header((2, 28, 28)) + bytes(2 * 784))
    # Set both copies of the unpacked size, in the entry and in the directory, to 2 GB.
    size = len(_npy_header((2, 28, 28)) + bytes(2 * 784)).to_bytes(4, "little")
    assert content.count(size) == 2
    with refused("data.too_large"):
        read(_saved(tmp_path, content.replace(size, (2**31).to_bytes(4, "little"))))


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


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"train0": np.zeros((2, 783), np.uint8)}, "data.bad_shape"),
        ({"train0": np.full((2, 784), np.nan)}, "data.bad_value"),
        ({"test0": np.zeros((2, 784), np.uint8)}, "data.missing_arrays"),
        ({"x": np.zeros((2, 784), np.uint8)}, "data.missing_arrays"),
        ({"train3": np.zeros((1, 100_000_000), np.uint8)}, "data.bad_shape"),
    ],
)
def test_matlab_of_something_else(
    tmp_path: Path, make: SimpleNamespace, refused: Callable[[str], Any], variables: dict[str, np.ndarray], code: str
) -> None:
    with refused(code):
        read(_saved(tmp_path, make.mat(variables)))


def test_matlab_bomb(
    tmp_path: Path, make: SimpleNamespace, refused: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = make.mat({"train0": np.zeros((4000, 784), np.uint8)})
    monkeypatch.setattr("byhand.data.formats.limits.MOST_BYTES", 2**20)
    monkeypatch.setattr("byhand.data.formats.matlab.MOST_BYTES", 2**20)
    with refused("data.too_large"):
        read(_saved(tmp_path, content))


@pytest.mark.parametrize("start", [b"MATLAB 7.3 MAT-file, Platform: GLNXA64", b"\x89HDF\r\n\x1a\n"])
def test_matlab_7_3(tmp_path: Path, refused: Callable[[str], Any], start: bytes) -> None:
    with refused("data.hdf5"):
        read(_saved(tmp_path, start + bytes(600)))
