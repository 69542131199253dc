"""Errors, settings, random streams and files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.errors import ByhandError, nearest
from byhand.io import replacing, write_text
from byhand.options import check_settings
from byhand.rng import generator


@pytest.mark.parametrize(
    ("word", "half"),
    [
        ("ephocs", "perhaps 'epochs' was meant"),
        ("lrr", "perhaps 'lr' was meant"),
        ("LR", "perhaps 'lr' was meant"),
        ("SEED", "perhaps 'seed' was meant"),
        ("zzz", "choose one of epochs, lr, seed"),
        ("", "choose one of epochs, lr, seed"),
    ],
)
def test_nearest(word: str, half: str) -> None:
    assert nearest(word, ("seed", "lr", "epochs")) == half


def test_one_error_for_all() -> None:
    import byhand

    assert byhand.ByhandError is ByhandError
    assert issubclass(ByhandError, Exception)


DEFAULTS = {"lr": 0.1, "epochs": 5, "shuffle": True, "name": "mlp", "hidden": (128,), "pixels": ()}

VALUES = {
    "lr": st.floats(allow_nan=False) | st.integers(-(10**300), 10**300),
    "epochs": st.integers(),
    "shuffle": st.booleans(),
    "name": st.text(),
    "hidden": st.lists(st.integers()) | st.integers(),
    "pixels": st.lists(st.integers()),
}


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_types(given: dict[str, Any]) -> None:
    fitted = check_settings("x", DEFAULTS, given)
    assert fitted.keys() == given.keys()
    for name, value in fitted.items():
        assert type(value) is type(DEFAULTS[name])
        wanted = given[name]
        assert value == (
            wanted if not isinstance(value, tuple) else tuple(wanted) if isinstance(wanted, list) else (wanted,)
        )
    assert check_settings("x", DEFAULTS, fitted) == fitted


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("lr", np.float64(0.25), 0.25),
        ("lr", np.float32(0.25), 0.25),
        ("lr", np.int64(3), 3.0),
        ("lr", Fraction(1, 4), 0.25),
        ("epochs", np.uint8(7), 7),
        ("hidden", [np.int32(4), 5], (4, 5)),
        ("hidden", np.int64(4), (4,)),
    ],
)
def test_other_numbers(name: str, value: Any, expected: Any) -> None:
    fitted = check_settings("x", DEFAULTS, {name: value})[name]
    assert fitted == expected
    assert type(fitted) is type(expected)
    if isinstance(fitted, tuple):
        assert all(type(entry) is int for entry in fitted)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", value) for value in (np.float64(5), np.bool_(True))),
        *(("lr", value) for value in (np.bool_(True), 1j)),
        *(("lr", value) for value in (True, "0.1", None, [0.1], 10**400)),
        *(("epochs", value) for value in (5.0, True, "5", None)),
        *(("shuffle", value) for value in (1, "true", 0.0)),
        *(("name", value) for value in (1, ["mlp"], None)),
        *(("hidden", value) for value in ("128", [128.0], [True], [[128]], {"a": 1})),
    ],
)
def test_of_another_type(name: str, value: Any, refused: Callable[[str], Any]) -> None:
    with refused("settings.wrong_type"):
        check_settings("The network 'mlp'", DEFAULTS, {name: value})


def test_unknown(refused: Callable[[str], Any]) -> None:
    with refused("recipe.unknown_setting"):
        check_settings("The network 'mlp'", DEFAULTS, {"ephocs": 3})


NAMES: tuple[tuple[str | int, ...], ...] = (
    *(("shuffle", 0), ("shuffle", 1), ("shuffle",), ("dropout", 0), ("init", "W1"), ("init", "W2"), ("init",)),
    *(("W1", "init"), (), (0,), (1, 0), (0, 1), (0, 0)),
)


def test_the_same_name_draws_the_same() -> None:
    for name in NAMES:
        first = generator(3, *name).random(20)
        generator(3, "another").random(1000)
        assert np.array_equal(generator(3, *name).random(20), first)


def test_other_names_and_seeds_draw_others() -> None:
    draws = [generator(seed, *name).integers(0, 2**62, 4).tobytes() for seed in (0, 1, 2**70) for name in NAMES]
    assert len(set(draws)) == len(draws)


def test_the_numbers_never_change() -> None:
    """Every later version must be able to repeat published results."""
    assert generator(0, "shuffle", 0).permutation(8).tolist() == PERMUTED
    assert generator(7, "init", "W1").integers(0, 1000, 5).tolist() == DRAWN


PERMUTED = [0, 3, 6, 4, 5, 7, 1, 2]
DRAWN = [499, 100, 724, 391, 427]


def test_negative_seeds(refused: Callable[[str], Any]) -> None:
    with refused("rng.negative_seed"):
        generator(-1, "shuffle")


def test_written_to_a_temporary_file_and_renamed(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.json"
    with replacing(path) as temporary:
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == ".json"
        assert temporary.read_bytes() == b""
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert [path.name for path in path.parent.iterdir()] == ["x.json"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing_and_the_old_file(tmp_path: Path, problem: type[BaseException]) -> None:
    path = tmp_path / "x.txt"

    def fails() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise problem

    with pytest.raises(problem):
        fails()
    assert [path.name for path in tmp_path.iterdir()] == []
    path.write_text("old")
    with pytest.raises(problem):
        fails()
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_a_full_disk(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old")

    def full() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with refused("io.cannot_write"):
        full()
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_the_umask_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mask belongs to the process, and other threads create files too."""
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the mask was touched"))
    write_text(tmp_path / "x", "a")
    assert (tmp_path / "x").read_text() == "a"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "x", "a")
        (tmp_path / "plain").touch()
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == mode == (tmp_path / "plain").stat().st_mode & 0o777


def test_files_that_cannot_be_written(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "x", tmp_path / "folder", tmp_path / ("x" * 300)):
        with refused("io.cannot_write"):
            write_text(path, "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
