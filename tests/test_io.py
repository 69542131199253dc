"""A file is the old one or the new one, never a part."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.io import replacing, write_json, write_text


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


def test_errors_about_other_files_pass_through(tmp_path: Path) -> None:
    def reads_another() -> None:
        with replacing(tmp_path / "x.txt"):
            (tmp_path / "missing").read_text()

    with pytest.raises(FileNotFoundError, match="missing"):
        reads_another()
    assert list(tmp_path.iterdir()) == []


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


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"name": "Ziffer fünf", "number": 0.1})
    text = path.read_text(encoding="utf-8")
    assert "fünf" in text
    assert text.endswith("}\n")
    assert json.loads(text) == {"name": "Ziffer fünf", "number": 0.1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"number": float("nan")})
    assert path.read_text(encoding="utf-8") == text
