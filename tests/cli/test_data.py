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
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BYHAND_CACHE", str(tmp_path / "cache"))


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
    assert "(11.6 MB) from ossci-datasets.s3.amazonaws.com, storage." in rows["mnist"]
    assert main(["data", "import", str(pair)]) == 0
    assert "--data my_pair" in capsys.readouterr().out
    monkeypatch.setenv("BYHAND_DATA", str(pair))
    assert main(["data"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows["auto"] == "My Pair, BYHAND_DATA (12 digits)"
    assert rows["my_pair"].startswith("imported")
    monkeypatch.setenv("BYHAND_DATA", str(pair / "missing"))
    assert main(["data"]) == 0
    assert "BYHAND_DATA: " in capsys.readouterr().out


@pytest.mark.parametrize(("count", "code"), [(3, 2), (4, 0)])
def test_import_needs_enough_to_split(
    count: int, code: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    np.savez("few.npz", x_train=np.ones((count, 28, 28), np.uint8), y_train=np.arange(count))
    assert main(["data", "import", "few.npz"]) == code
    assert ("[data.too_few]" in capsys.readouterr().err) == (code == 2)
    # Whatever is imported can be split.
    assert code or main(["data", "show", "--data", "few"]) == 0
    np.savez("unlabelled.npz", x_train=np.ones((1, 28, 28), np.uint8))
    assert main(["data", "import", "unlabelled.npz"]) == 0


def test_show(capsys: pytest.CaptureFixture[str], pair: Path, tmp_path: Path) -> None:
    assert main(["data", "show", "--data", str(pair), "--index", "11", "--out", "s.png"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"My Pair: 12 digits, {pair}; contact sheet in s.png"
    assert lines[1] == "digit 11, labelled 4:"
    content = (pair / "images").read_bytes()[-784:]
    assert bytes(int(word) for line in lines[2:] for word in line.split()) == content
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size[0] > 1000


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "--data", "My Pair", "--index", "12"], "data.index_out_of_range"),
        (["show", "--data", "My Pair", "--index", "-1"], "data.index_out_of_range"),
        (["show", "--data", "empty"], "data.unknown_format"),
        (["show", "--data", "missing.npz"], "data.not_found"),
        (["show", "--data", "folder"], "data.empty"),
        (["show", "--data", "My Pair", "--out", "empty/x.png"], "cli.no_folder"),
        (["import", "garbage"], "data.unknown_format"),
        (["import", "My Pair", "--name", "mnist"], "data.invalid_name"),
        (["fetch", "mnist", "--offline"], "data.not_cached"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    words: list[str], code: str, capsys: pytest.CaptureFixture[str], pair: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "garbage").write_bytes(b"\xff\xfe\xfd\xfc" * 9)
    before = sorted(tmp_path.rglob("*"))
    assert main(["data", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("byhand: ")
    assert printed.err.endswith(f"[{code}]\n")
    assert printed.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_importing_the_data_package_stays_light() -> None:
    program = (
        "import byhand.data, sys; heavy = {'torch', 'matplotlib', 'pyarrow', 'sklearn', 'scipy', 'PIL', 'rich', "
        "'filelock', 'platformdirs', 'requests', 'pooch'}; print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
