"""Folders of pictures, and Parquet, which holds them."""

from __future__ import annotations

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


def test_unlabelled_and_single(tmp_path: Path, images: np.ndarray, make: SimpleNamespace) -> None:
    folder = _pictures(tmp_path / "2024", {"b.png": make.picture(images[0]), "a": make.picture(images[1])})
    np.testing.assert_array_equal(read(folder).train.images, images[[1, 0]])
    assert read(folder).train.labels is None
    assert len(read(folder / "b.png").train) == 1


def test_grey_colour_and_palette_give_the_same_levels(images: np.ndarray, make: SimpleNamespace) -> None:
    image = images[0]
    grey = Image.fromarray(image)
    for mode in ("RGB", "P", "RGBA", "LA"):
        file = io.BytesIO()
        grey.convert(mode).save(file, "PNG")
        np.testing.assert_array_equal(decode(file.getvalue(), mode), image)
    np.testing.assert_array_equal(decode(make.picture(image.astype(np.uint16) * 257), "16 bits"), image)


def test_one_bit_pictures(make: SimpleNamespace, images: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(make.picture(images[0] > 99), "1 bit"), np.where(images[0] > 99, 255, 0))


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
