from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from byhand.data import read
from byhand.errors import ByhandError


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


def test_pandas_numbers_its_columns(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, make: SimpleNamespace
) -> None:
    text = make.csv(images, labels, header=False)
    (tmp_path / "p.csv").write_text("label," + ",".join(map(str, range(784))) + "\n" + text)
    assert len(read(tmp_path / "p.csv").train) == 30


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
