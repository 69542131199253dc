"""``byhand show``: a recipe's text, its parameters and its picture."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from PIL import Image

from byhand.cli import main
from byhand.training.recipe import shipped


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_everything_about_a_recipe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["show", "tiny-cnn"]) == 0
    out = capsys.readouterr().out
    # As its author wrote it.
    assert out.startswith((resources.files("byhand") / "recipes" / "tiny-cnn.toml").read_text(encoding="utf-8"))
    lines = out.splitlines()
    (row,) = [line for line in lines if line.startswith("Conv2d(16, 3x3)")]
    assert row.split()[2:] == ["10", "x", "10", "x", "16", "1,168"]
    assert ["total", "16,614"] in [line.split() for line in lines]
    assert lines[-2:] == ["Picture: tiny-cnn.svg", "Picture: tiny-cnn.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny-cnn.png", "tiny-cnn.svg"]
    with Image.open("tiny-cnn.png") as picture:
        assert picture.width > 2000


def test_no_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in shipped():
        assert main(["show", name, "--no-picture", "--data", "digits"]) == 0
        assert "Picture" not in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = '# Mine — ünïcode.\n[network]\nname = "mlp"\nhidden = [ 7 ]  # few\n\n[sweep]\nlr = [0.1, 0.2]\n'
    Path("mine.toml").write_text(text, encoding="utf-8")
    assert main(["show", "mine.toml", "--out", "slides/new"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(text)
    assert "5,575" in out
    for ending in ("svg", "png"):
        assert f"Picture: {Path('slides/new')}/mine.{ending}" in out
        assert (tmp_path / "slides" / "new" / f"mine.{ending}").stat().st_size > 5000


def test_pixels_that_the_digits_decide(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    assert main(["show", "cg-mlp", "--no-picture", "--data", str(npz)]) == 0
    out = capsys.readouterr().out
    # Every pixel of these digits varies: 784 * 20 + 20 + 20 * 10 + 10.
    assert "Select(784 values)" in out
    assert "15,910" in out
