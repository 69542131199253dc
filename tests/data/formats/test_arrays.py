"""npz and MATLAB: arrays of other programs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from byhand.data import read
from byhand.errors import ByhandError


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
    ("change", "found"),
    [
        (lambda x, y: {"x_train": np.array([{1: 2}], dtype=object)}, "pickled Python objects"),
        (lambda x, y: {"x_train": x, "y_train": y.astype(object)}, "pickled Python objects"),
        (lambda x, y: {"x_train": x / 255.0, "y_train": y}, "expected whole numbers 0 to 255"),
        (lambda x, y: {"x_train": np.full((3, 784), np.nan)}, "the value nan"),
        (lambda x, y: {"x_train": x.astype(int) + 1}, "the value 256"),
        (lambda x, y: {"x_train": x[:, :14]}, r"the shape \(30, 14, 28\)"),
        (lambda x, y: {"x_train": np.uint8(3)}, r"the shape \(\)"),
        (lambda x, y: {"x_train": x, "y_train": y[:-1]}, "29 labels for 30 images"),
        (lambda x, y: {"x_train": x, "y_train": y + 5}, "as 10, expected a digit"),
        (lambda x, y: {"x_train": x, "y_train": np.eye(10)[y]}, r"the shape \(30, 10\), expected \(N,\)"),
        (lambda x, y: {"x_train": x, "y_train": y.astype("U1")}, "of type <U1, expected numbers"),
        (lambda x, y: {"x_train": x[:0]}, "no images"),
        (lambda x, y: {"images": x}, "holds images, expected x_train"),
        (lambda x, y: {}, "holds nothing, expected x_train"),
    ],
)
def test_npz_of_something_else(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, change: object, found: str
) -> None:
    with pytest.raises(ByhandError, match=found):
        read(_saved(tmp_path, make.npz(**change(images, labels))))  # type: ignore[operator]


def _npy_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


def _zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", content)
    return file.getvalue()


def test_npz_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    with pytest.raises(ByhandError, match=r"claims the shape \(900000, 28, 28\)"):
        read(_saved(tmp_path, _zipped(_npy_header((900_000, 28, 28)))))
    with pytest.raises(ByhandError, match="1,000,000,000,000 entries"):
        read(_saved(tmp_path, _zipped(_npy_header((10**12, 28, 28)))))


def test_npz_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    content = _zipped(_npy_header((2, 28, 28)) + bytes(2 * 784))
    # Both copies of the unpacked size, in the entry and in the directory, made 2 GB.
    size = len(_npy_header((2, 28, 28)) + bytes(2 * 784)).to_bytes(4, "little")
    assert content.count(size) == 2
    with pytest.raises(ByhandError, match=r"unpacks to more than 0\.8 GB"):
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
    ("variables", "found"),
    [
        ({"train0": np.zeros((2, 783), np.uint8)}, r"the shape \(2, 783\)"),
        ({"train0": np.full((2, 784), np.nan)}, "the value nan"),
        ({"test0": np.zeros((2, 784), np.uint8)}, "no variables train0"),
        ({"x": np.zeros((2, 784), np.uint8)}, "no variables train0"),
        ({"train3": np.zeros((1, 100_000_000), np.uint8)[:, ::1]}, "the shape"),
    ],
)
def test_matlab_of_something_else(
    tmp_path: Path, make: SimpleNamespace, variables: dict[str, np.ndarray], found: str
) -> None:
    with pytest.raises(ByhandError, match=found):
        read(_saved(tmp_path, make.mat(variables)))


def test_matlab_bomb(tmp_path: Path, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    content = make.mat({"train0": np.zeros((4000, 784), np.uint8)})
    monkeypatch.setattr("byhand.data.formats.limits.MOST_BYTES", 2**20)
    monkeypatch.setattr("byhand.data.formats.matlab.MOST_BYTES", 2**20)
    with pytest.raises(ByhandError, match="unpacks to more than"):
        read(_saved(tmp_path, content))


@pytest.mark.parametrize("start", [b"MATLAB 7.3 MAT-file, Platform: GLNXA64", b"\x89HDF\r\n\x1a\n"])
def test_matlab_7_3(tmp_path: Path, start: bytes) -> None:
    with pytest.raises(ByhandError, match="save -v7"):
        read(_saved(tmp_path, start + bytes(600)))


def test_pickle_is_refused(tmp_path: Path) -> None:
    import pickle

    with pytest.raises(ByhandError, match="is a Python pickle"):
        read(_saved(tmp_path, pickle.dumps([1, 2, 3])))
