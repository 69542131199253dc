from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand.data import Dataset, Digits, cache, load_dataset


def test_stored_digits_are_loaded_by_name(images: np.ndarray, labels: np.ndarray, tmp_path: Path) -> None:
    dataset = Dataset(Digits(images[:20], labels[:20], "x", "y"), Digits(images[20:], None, "x", "y"))
    path = cache.store(dataset, "my-digits_2")
    loaded = load_dataset("my-digits_2")
    assert (loaded.train.name, loaded.train.source) == ("my-digits_2", "imported")
    np.testing.assert_array_equal(loaded.train.images, images[:20])
    np.testing.assert_array_equal(loaded.train.labelled(), labels[:20])
    assert loaded.test is not None
    np.testing.assert_array_equal(loaded.test.images, images[20:])
    assert loaded.test.labels is None
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["x_test.npy", "x_train.npy", "y_train.npy"]
    assert cache.imported_names() == ["my-digits_2"]


def test_a_later_import_replaces_an_earlier_one(images: np.ndarray) -> None:
    for chosen in (images[:3], images[3:5]):
        cache.store(Dataset(Digits(chosen, None, "x", "y")), "mine")
    np.testing.assert_array_equal(load_dataset("mine").train.images, images[3:5])


@pytest.mark.parametrize("name", ["auto", "mnist", "digits", "", "../x", "a/b", "Capital", "a b", "x" * 65])
def test_invalid_names(name: str, images: np.ndarray, tmp_path: Path, refused: Callable[[str], Any]) -> None:
    with refused("data.invalid_name"):
        cache.store(Dataset(Digits(images, None, "x", "y")), name)
    assert list(tmp_path.rglob("*")) == []


def test_the_platforms_folder_without_byhand_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("BYHAND_CACHE")
    assert cache.folder() == platformdirs.user_cache_path("byhand")
