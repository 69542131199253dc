"""A file is the old one or the new one, never a half."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from byhand.errors import ByhandError
from byhand.io import replacing, write_json, write_text


def test_written_beside_and_renamed(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.json"
    with replacing(path) as beside:
        assert not path.exists()
        assert beside.parent == path.parent
        assert beside.suffix == ".json"
        assert beside.read_bytes() == b""
        beside.write_text("new")
    assert path.read_text() == "new"
    assert [path.name for path in path.parent.iterdir()] == ["x.json"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing_and_the_old_file(tmp_path: Path, problem: type[BaseException]) -> None:
    path = tmp_path / "x.txt"

    def fails() -> None:
        with replacing(path) as beside:
            beside.write_text("half")
            raise problem

    with pytest.raises(problem):
        fails()
    assert [path.name for path in tmp_path.iterdir()] == []
    path.write_text("old")
    with pytest.raises(problem):
        fails()
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old")

    def full() -> None:
        with replacing(path) as beside:
            beside.write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ByhandError, match=r"x\.txt cannot be written \(No space left on device\); free some space"):
        full()
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_another_file_s_failure_is_its_own(tmp_path: Path) -> None:
    def reads_another() -> None:
        with replacing(tmp_path / "x.txt"):
            (tmp_path / "missing").read_text()

    with pytest.raises(FileNotFoundError, match="missing"):
        reads_another()
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_the_process_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask that is set and put back is another for a moment, in which other threads make files too."""
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


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ByhandError, match=r"cannot be written \(Not a directory|cannot be written \(File exists"):
        write_text(tmp_path / "file" / "x", "a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ByhandError, match=r"folder cannot be written \(Is a directory\)"):
        write_text(tmp_path / "folder", "a")
    with pytest.raises(ByhandError, match=r"cannot be written \(File name too long\)"):
        write_text(tmp_path / ("x" * 300), "a")
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
