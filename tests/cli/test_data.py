"""``byhand data``, from the words on the command line to the exit code."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from byhand.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the user's data or cache, or a mirror."""
    monkeypatch.delenv("BYHAND_DATA", raising=False)
    monkeypatch.setenv("BYHAND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """An IDX pair of twelve digits."""
    folder = tmp_path / "My Pair"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
    (folder / "images").write_bytes(struct.pack(">4I", 0x803, 12, 28, 28) + images.tobytes())
    (folder / "labels").write_bytes(struct.pack(">2I", 0x801, 12) + bytes(range(10)) + b"\3\4")
    return folder


def test_list(capsys: pytest.CaptureFixture[str], pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["data"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(rows) == ["auto", "mnist", "digits"]
    assert "would be downloaded (11.6 MB) from ossci-datasets.s3.amazonaws.com, storage." in rows["mnist"]
    assert main(["data", "import", str(pair)]) == 0
    assert "12 digits imported; use them with --data my_pair" in capsys.readouterr().out
    monkeypatch.setenv("BYHAND_DATA", str(pair))
    assert main(["data"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows["auto"] == "My Pair, BYHAND_DATA (12 digits)"
    assert rows["my_pair"].startswith("imported")
    monkeypatch.setenv("BYHAND_DATA", str(pair / "missing"))
    assert main(["data"]) == 0
    assert "BYHAND_DATA: " in capsys.readouterr().out


def test_show(capsys: pytest.CaptureFixture[str], pair: Path, tmp_path: Path) -> None:
    assert main(["data", "show", "--data", str(pair), "--index", "11", "--out", "s.png"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"My Pair: 12 digits, {pair}; contact sheet in s.png"
    assert lines[1] == "digit 11, labelled 4:"
    content = (pair / "images").read_bytes()[-784:]
    assert bytes(int(word) for line in lines[2:] for word in line.split()) == content
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size[0] > 1000


def test_show_offline_says_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "show", "--offline"]) == 0
    said = capsys.readouterr()
    assert "scikit-learn's embedded digits, because MNIST could not be had" in said.out
    assert "byhand: using scikit-learn's embedded digits" in said.err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["show", "--data", "My Pair", "--index", "12"], "expected 0 to 11"),
        (["show", "--data", "My Pair", "--index", "-1"], "expected 0 to 11"),
        (["show", "--data", "empty"], "is empty"),
        (["show", "--data", "missing.npz"], "No such file"),
        (["show", "--data", "folder"], "folder without digits"),
        (["show", "--data", "My Pair", "--out", "empty/x.png"], "cannot be written"),
        (["import", "garbage"], "begins with the bytes"),
        (["import", "My Pair", "--name", "mnist"], "choose another with --name"),
        (["fetch", "mnist", "--offline"], "not in the cache"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    words: list[str], found: str, capsys: pytest.CaptureFixture[str], pair: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "garbage").write_bytes(b"\xff\xfe\xfd\xfc" * 9)
    before = sorted(tmp_path.rglob("*"))
    assert main(["data", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("byhand: ")
    assert found in said.err
    assert said.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_importing_the_data_package_stays_light() -> None:
    program = (
        "import byhand.data, sys; heavy = {'torch', 'matplotlib', 'pyarrow', 'sklearn', 'scipy', 'PIL', 'rich', "
        "'filelock', 'platformdirs', 'requests', 'pooch'}; print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
