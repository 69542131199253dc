"""``byhand compare``: a table of recipes in hands, and the files it writes."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import pytest

from byhand.cli import main
from byhand.cli.compare import _entries
from byhand.compare.default_networks import FIELD
from byhand.training.recipe import Recipe, load_recipe

QUICK = ("-ep", "1", "--threads", "1")
TABLE = (*QUICK, "--no-report")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def table(out: str) -> list[dict[str, str]]:
    """The rows of the printed table, cut where its heads begin and end."""
    lines = out[: out.find("Figures: ")].splitlines() if "Figures: " in out else out.splitlines()
    (start,) = [place for place, line in enumerate(lines) if line.startswith("network ")]
    cells = [[cell for cell in line.split("  ") if cell.strip()] for line in lines[start:]]
    return [dict(zip((c.strip() for c in cells[0]), (c.strip() for c in row), strict=True)) for row in cells[1:]]


def test_three_hands(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    pytest.importorskip("torch")
    words = ["compare", "mlp", "--data", str(npz), "-hid_dim", "8", *TABLE]
    assert main(words) == 0
    first = capsys.readouterr().out
    rows = table(first)
    assert [row["hand"] for row in rows] == ["numpy", "tensor", "torch"]
    assert {row["network"] for row in rows} == {"mlp"}
    # 784 * 8 + 8 + 8 * 10 + 10
    assert {(row["parameters"], row["epochs"]) for row in rows} == {("6,370", "1")}
    # One seed has no interval, and the hands are one function.
    assert len({(row["validation"], row["test"]) for row in rows}) == 1
    assert rows[0]["test"].endswith(" %")
    assert "±" not in first
    assert first.count("in the numpy hand, seed 0: validation ") == 1
    assert len(list(Path("runs/compare").iterdir())) == 3
    # Nothing is trained twice: the same table, and no run is told.
    assert main(words) == 0
    again = capsys.readouterr().out
    timed = ("trained/s", "read/s")
    assert [{k: v for k, v in row.items() if k not in timed} for row in table(again)] == [
        {k: v for k, v in row.items() if k not in timed} for row in rows
    ]
    assert "seed 0" not in again


def test_seeds_and_files(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    words = ["--hands", "numpy", "--seeds", "3", "--runs", "r", "--write", "results", "--data", str(npz), *TABLE]
    assert main(["compare", "softmax", "scratch-mlp", *words]) == 0
    out = capsys.readouterr().out
    rows = table(out[: out.index("Written")])
    assert [row["network"] for row in rows] == ["softmax", "scratch-mlp"]
    assert all("±" in row["validation"] for row in rows)
    written = json.loads(Path("results/recipes.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert [row["seeds"] for row in written["rows"]] == [[0, 1, 2]] * 2
    for row, shown in zip(written["rows"], rows, strict=True):
        assert f"{100 * row['test']['mean']:.2f} ± {100 * row['test']['interval95']:.2f} %" == shown["test"]
        assert row["test"]["mean"] == pytest.approx(sum(row["test"]["each"]) / 3)
    assert "| softmax | numpy | 7,850 | 1 | 3 |" in Path("results/recipes.md").read_text(encoding="utf-8")
    assert out.splitlines()[-2:] == ["Written: results/recipes.md", "Written: results/recipes.json"]


def test_a_recipe_of_ones_own_with_a_sweep(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    text = '# Mine.\n[network]\nname = "softmax"\n[training]\nepochs = 1\nthreads = 1\n[sweep]\nlr = [1e-7, 0.01]\n'
    Path("mine.toml").write_text(text, encoding="utf-8")
    words = ["--hands", "numpy,torch", "--seeds", "2", "--data", str(npz), "--write", ".", "--no-report"]
    assert main(["compare", "mine.toml", *words]) == 0
    out = capsys.readouterr().out
    # A sweep is trained in one hand, with one seed.
    assert len(table(out[: out.index("Written")])) == 1
    text = Path("recipes.md").read_text(encoding="utf-8")
    assert "## The grid of mine_lr=0.01" in text
    assert "| 0.01 | **" in text


def test_who_trains_how_often() -> None:
    own = Recipe("own", network={"name": "softmax"}, training={"hand": "torch"})
    entries = [
        (entry.recipe.config.hand, list(entry.seeds)) for entry in _entries(own, ("numpy", "tensor", "torch"), 3)
    ]
    assert entries == [("torch", [0, 1, 2]), ("numpy", [0]), ("tensor", [0])]
    # Where the recipe's own hand is not asked for, the first that is takes its place.
    entries = [(entry.recipe.config.hand, list(entry.seeds)) for entry in _entries(own, ("numpy", "tensor"), 2)]
    assert entries == [("numpy", [0, 1]), ("tensor", [0])]


def test_recipes_and_runs_together_and_a_page(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    words = ["--data", str(npz), "--threads", "1"]
    for name, rate in (("first", "0.05"), ("second", "0.001")):
        assert main(["train", "softmax", *words, "-ep", "2", "--lr", rate, "--name", name]) == 0
    # A folder that is called like a recipe does not stand for it.
    Path("mlp").mkdir()
    capsys.readouterr()
    words = ["runs/first", "runs/second", "mlp", "--hands", "numpy", "-hid_dim", "8", *words, "-ep", "1"]
    assert main(["compare", *words, "--out", "shown"]) == 0
    out = capsys.readouterr().out
    rows = table(out)
    assert [(row["network"], row["epochs"]) for row in rows] == [("mlp", "1"), ("softmax", "2"), ("second", "2")]
    assert len({row["test"] for row in rows}) > 1
    assert out.splitlines()[-2:] == ["Figures: shown/figures", "Report: shown/report.html"]
    page = Path("shown/report.html").read_text(encoding="utf-8")
    for row in rows:
        assert row["network"] in page
        assert row["test"].removesuffix(" %") in page
    drawn = {path.name for path in Path("shown/figures").iterdir()}
    assert {f"{name}.{kind}" for name in ("time", "epochs", "parameters", "speed") for kind in ("svg", "png")} <= drawn


def test_the_field(capsys: pytest.CaptureFixture[str], npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network of the field, on a few digits, for a blink."""
    few = [dataclasses.replace(place, few=1 + (place.recipe == "mlp")) for place in FIELD]
    monkeypatch.setattr("byhand.compare.default_networks.FIELD", few)
    words = ["compare", "--data", str(npz), "--threads", "1", "--hands", "numpy", "--no-report"]
    assert main(words) == 0
    said = capsys.readouterr()
    rows = table(said.out)
    assert [row["network"] for row in rows] == [place.recipe for place in FIELD]
    epochs = {row["network"]: row["epochs"] for row in rows}
    assert (epochs["mlp"], epochs["elman"], epochs["tiny-cnn"]) == ("2 of 5", "1 of 50", "1")
    assert "elman 1 (its recipe: 50)" in said.err
    assert "tiny-cnn" not in said.err
    # All train on the same digits, whatever split a recipe has.
    sizes = {tuple(json.loads(path.read_text())["data"].items()) for path in Path().glob("runs/compare/*/results.json")}
    assert len(sizes) == 1


def test_the_field_in_full(capsys: pytest.CaptureFixture[str], npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "byhand.compare.default_networks.FIELD", [place for place in FIELD if place.recipe == "tiny-cnn"]
    )
    words = ["compare", "--full", "--data", str(npz), "--threads", "1", "--hands", "numpy", "--no-report"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert table(said.out)[0]["epochs"] == str(load_recipe("tiny-cnn").config.epochs)
    assert "tiny-cnn is trained on the usual split; its own, 58000/2000/10000, needs more digits." in said.err


def test_without_torch(capsys: pytest.CaptureFixture[str], npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    assert main(["compare", "softmax", "--data", str(npz), *TABLE]) == 0
    said = capsys.readouterr()
    assert [row["hand"] for row in table(said.out)] == ["numpy"]
    assert "only the numpy hand is compared" in said.err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["mpl"], "There is no recipe 'mpl'; perhaps 'mlp' was meant"),
        (["runs/none"], "There is neither a recipe nor a run 'runs/none'"),
        (["."], "is not the folder of a run"),
        (["mlp", "--full"], "--full is for byhand compare without names"),
        (["mlp", "--all"], "was given names and --all"),
        (["--seeds", "0"], "--seeds was given as 0; give 1 or more"),
        (["--hands", "numpy,torsh"], "There is no hand 'torsh'; perhaps 'torch' was meant"),
        (["--hands", ""], "There is no hand ''"),
        (["softmax", "--hidden", "8"], "has no setting 'hidden'"),
        (["--hands", "numpy", "--data", "missing.csv"], "No such file"),
        (["--hands", "numpy", "--set", "lr"], "NAME=VALUE"),
        (["--hands", "numpy", "--data", "digits", "--lr", "-1"], "lr was given as -1.0"),
        (["--hands", "numpy", "--data", "digits", "--runs", "file", *QUICK], "file"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], found: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert main(["compare", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("byhand: ")
    assert found in said.err
    assert said.err.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["file"]
