"""Every format gives the same digits, by its content and not by its name."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from byhand.data import read
from byhand.data.formats.pictures import decode
from byhand.errors import ByhandError


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


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_labelled(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, header: bool, end: str
) -> None:
    path = tmp_path / "anything"
    path.write_text(make.csv(images, labels, header), newline=end)
    digits = read(path).train
    np.testing.assert_array_equal(digits.images, images)
    np.testing.assert_array_equal(digits.labelled(), labels)


@pytest.mark.parametrize("header", [True, False])
def test_unlabelled(tmp_path: Path, images: np.ndarray, make: SimpleNamespace, header: bool) -> None:
    (tmp_path / "test.csv").write_text(make.csv(images, None, header))
    digits = read(tmp_path / "test.csv").train
    np.testing.assert_array_equal(digits.images, images)
    assert digits.labels is None


def test_the_label_may_be_the_last_column_and_all_may_be_quoted(tmp_path: Path, images: np.ndarray) -> None:
    names = [*(f'"pixel{i}"' for i in range(784)), '"class"']
    rows = [",".join(f'"{level}"' for level in [*image.ravel(), 3]) for image in images]
    (tmp_path / "openml.csv").write_text("\ufeff" + "\n".join([",".join(names), *rows]), encoding="utf-8")
    digits = read(tmp_path / "openml.csv").train
    np.testing.assert_array_equal(digits.images, images)
    assert digits.labelled().tolist() == [3] * 30


def test_kaggles_folder(tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace) -> None:
    (tmp_path / "train.csv").write_text(make.csv(images, labels))
    (tmp_path / "test.csv").write_text(make.csv(images[:4], None))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    dataset = read(tmp_path)
    assert dataset.test is not None
    assert (len(dataset.train), len(dataset.test), dataset.test.labels) == (30, 4, None)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *((value, f"the value {value!r} in line 4") for value in ("nan", "256", "-1", "0.5", "", "²")),
        ("1,2", "786 values in line 4"),
        ("1\n2", "6 values in line 4"),
    ],
)
@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_fault_names_its_line(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, value: str, found: str, blank: str
) -> None:
    lines = make.csv(images, labels).splitlines()
    words = lines[3].split(",")
    words[5] = value
    lines[3] = ",".join(words)
    lines[5] += blank
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ByhandError, match=found) as caught:
        read(tmp_path / "x.csv")
    assert caught.value.code == "data.bad_row"


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


def _pictures(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_labels_by_folder_or_name(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    png = [make.picture(image) for image in images]
    files = {
        "7/any.png": png[0],
        "0/b_3.png": png[1],
        "drawn_4.png": png[2],
        "a_b_9.png": make.picture(images[3], "BMP"),
    }
    digits = read(_pictures(tmp_path, {**files, "readme.txt": b"hello", ".hidden/5/x.png": b"", ".x.png": b""})).train
    assert digits.labelled().tolist() == [0, 7, 9, 4]
    np.testing.assert_array_equal(digits.images, images[[1, 0, 3, 2]])


def test_train_and_test_folders(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    png = [make.picture(image) for image in images]
    files = {"training/5/a.png": png[0], "training/6/a.png": png[1], "testing/2/a.png": png[2]}
    dataset = read(_pictures(tmp_path, files))
    assert dataset.test is not None
    assert dataset.train.labelled().tolist() == [5, 6]
    assert dataset.test.labelled().tolist() == [2]
    np.testing.assert_array_equal(dataset.test.images, images[2:3])


def test_grey_colour_and_palette_give_the_same_levels(images: np.ndarray, make: SimpleNamespace) -> None:
    image = images[0]
    grey = Image.fromarray(image)
    for mode in ("RGB", "P", "RGBA", "LA"):
        file = io.BytesIO()
        grey.convert(mode).save(file, "PNG")
        np.testing.assert_array_equal(decode(file.getvalue(), mode), image)
    np.testing.assert_array_equal(decode(make.picture(image.astype(np.uint16) * 257), "16 bits"), image)


@pytest.mark.parametrize("ink", [0, 255])
def test_the_ground_of_a_transparent_picture_is_the_opposite_of_its_ink(images: np.ndarray, ink: int) -> None:
    cover = images[0]
    file = io.BytesIO()
    Image.merge("LA", (Image.new("L", (28, 28), ink), Image.fromarray(cover))).save(file, "PNG")
    np.testing.assert_array_equal(decode(file.getvalue(), "x"), cover if ink else 255 - cover)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        # Running numbers are not labels.
        ([f"img_{i:04}" for i in range(10)], None),
        ([f"img_{i:04}" for i in range(12)], None),
        ([f"img_{i}" for i in range(1, 13)], None),
        ([str(i) for i in range(10)], None),
        (["img_0007"], None),
        # Labels at the end or at the start of the name.
        (["3_00017", "3_00018", "7_00019"], [3, 3, 7]),
        (["a_7", "b_7", "c_0"], [7, 7, 0]),
        (["drawn_4"], [4]),
        (["digit_3", "digit_8"], [3, 8]),
        # Neither.
        ([f"img_{i}" for i in range(10)], "data.unclear_labels"),
        (["a_3", "b_3", "c_12"], "data.unclear_labels"),
        (["a_3", "b"], "data.unclear_labels"),
        (["3_7", "4_7"], "data.unclear_labels"),
    ],
)
def test_the_whole_folder_decides_what_names_mean(
    tmp_path: Path,
    images: np.ndarray,
    make: SimpleNamespace,
    refused: Callable[[str], Any],
    names: list[str],
    labels: list[int] | str | None,
) -> None:
    folder = _pictures(tmp_path, {f"{name}.png": make.picture(images[0]) for name in names})
    if isinstance(labels, str):
        with refused(labels):
            read(folder)
        return
    found = read(folder).train.labels
    assert (None if found is None else found.tolist()) == labels


@pytest.mark.parametrize("labelled", [True, False])
def test_parquet(tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace, labelled: bool) -> None:
    rows = [make.picture(image) for image in images]
    given = labels.tolist() if labelled else None
    (tmp_path / "x").write_bytes(make.parquet(rows, given))
    digits = read(tmp_path / "x").train
    np.testing.assert_array_equal(digits.images, images)
    assert (None if digits.labels is None else digits.labels.tolist()) == given


def test_parquet_shards(tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace) -> None:
    rows, given = [make.picture(image) for image in images], labels.tolist()
    shards = {"test-00000-of-00001": (0, 6), "train-00001-of-00002": (18, 30), "train-00000-of-00002": (6, 18)}
    for name, (start, end) in shards.items():
        (tmp_path / f"{name}.parquet").write_bytes(make.parquet(rows[start:end], given[start:end]))
    dataset = read(tmp_path)
    assert dataset.test is not None
    np.testing.assert_array_equal(dataset.train.images, images[6:])
    np.testing.assert_array_equal(dataset.test.labelled(), labels[:6])


def test_without_pyarrow_other_formats_are_read(
    tmp_path: Path,
    images: np.ndarray,
    labels: np.ndarray,
    make: SimpleNamespace,
    refused: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "x.parquet").write_bytes(make.parquet([make.picture(images[0])], [1]))
    (tmp_path / "x.csv").write_text(make.csv(images, labels))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with refused("data.needs_pyarrow"):
        read(tmp_path / "x.parquet")
    assert len(read(tmp_path / "x.csv").train) == 30
