"""``byhand show`` and ``byhand recipes``: what is shipped."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from byhand.cli import main
from byhand.training.recipe import shipped


def test_everything_about_a_recipe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["show", "tiny-cnn"]) == 0
    out = capsys.readouterr().out
    # As its author wrote it.
    assert out.startswith((resources.files("byhand") / "recipes" / "tiny-cnn.toml").read_text(encoding="utf-8"))
    lines = out.splitlines()
    (row,) = [line for line in lines if line.startswith("Conv2d(16, 3x3)")]
    assert row.split()[2:] == ["10", "x", "10", "x", "16", "1,168"]
    assert ["total", "16,614"] in [line.split() for line in lines]
    # Nothing is written that was not asked for.
    assert list(tmp_path.iterdir()) == []
    assert main(["show", "tiny-cnn", "--out", "."]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["Picture: tiny-cnn.svg", "Picture: tiny-cnn.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny-cnn.png", "tiny-cnn.svg"]
    with Image.open("tiny-cnn.png") as picture:
        assert picture.width > 2000


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


@pytest.fixture
def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert main(["recipes", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    return {one["name"]: one for one in entries}


def test_json_says_what_the_files_say(listed: dict[str, dict[str, Any]]) -> None:
    assert tuple(listed) == shipped()
    for name, one in listed.items():
        text = (resources.files("byhand") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
        training = tomllib.loads(text)["training"]
        for key in ("optimizer", "epochs"):
            assert one[key] == training[key]
        assert one["lr"] == training.get("lr")
        assert one["batch_size"] == training.get("batch_size", 0)
        assert one["network"].startswith(tomllib.loads(text)["network"].get("name", "own layers"))
        assert one["about"].split()[:3] == text.lstrip("# ").split()[:3]


def test_parameters_are_told_where_they_are_known(listed: dict[str, dict[str, Any]]) -> None:
    counts = {name: one["parameters"] for name, one in listed.items()}
    assert (counts["elman"], counts["lstm"], counts["conv5x5"]) == (21_386, 214_282, 242_062)
    assert {name for name, one in listed.items() if one["by_data"]} == {"cg-mlp", "cg-grid"}
    assert {name for name, count in counts.items() if count is None} == {"cg-mlp", "cg-grid"}
    assert listed["cg-grid"]["sweep"]["hidden"] == [4, 8, 12, 16, 20]
    assert listed["cg-grid"]["network"].startswith("mlp, hidden 4 to 20")
    assert listed["deep-mlp"]["network"] == "mlp, hidden 512-256-128, dropout 0.2"
