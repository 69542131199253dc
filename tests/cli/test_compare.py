"""``byhand compare``: a table of recipes in hands, and the files it writes."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main
from byhand.cli.compare import undistorted
from byhand.compare.default_networks import DEFAULT_NETWORKS
from byhand.training.recipe import load_recipe, shipped
from byhand.viz.board import RunProgress

QUICK = ("-ep", "1", "--threads", "1")
TABLE = (*QUICK, "--no-report")


def table(out: str) -> list[dict[str, str]]:
    """The rows of the printed table."""
    lines = out[: out.find("Figures: ")].splitlines() if "Figures: " in out else out.splitlines()
    (start,) = [index for index, line in enumerate(lines) if line.startswith("network ")]
    cells = [[cell for cell in line.split("  ") if cell.strip()] for line in lines[start:]]
    return [dict(zip((c.strip() for c in cells[0]), (c.strip() for c in row), strict=True)) for row in cells[1:]]


def test_all_hands(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    pytest.importorskip("torch")
    words = ["compare", "mlp", "--data", str(npz), "-hid_dim", "8", *TABLE]
    assert main(words) == 0
    first = capsys.readouterr().out
    rows = table(first)
    assert [row["hand"] for row in rows] == ["fast", "numpy", "tensor", "torch"]
    assert {row["network"] for row in rows} == {"mlp"}
    # 784 * 8 + 8 + 8 * 10 + 10
    assert {(row["parameters"], row["epochs"]) for row in rows} == {("6,370", "1")}
    # One seed has no interval, and the hands are one function.
    assert len({(row["validation"], row["test"]) for row in rows}) == 1
    assert "±" not in first
    assert len(list(Path("runs/compare").iterdir())) == 4
    # Nothing is trained twice.
    assert main(words) == 0
    again = capsys.readouterr().out
    assert [{**row, "trained/s": "", "read/s": ""} for row in table(again)] == [
        {**row, "trained/s": "", "read/s": ""} for row in rows
    ]
    assert "seed 0" not in again


def test_an_interrupt_prints_what_is_done_and_the_same_command_goes_on(
    capsys: pytest.CaptureFixture[str], npz: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["compare", "softmax", "mlp", "--hands", "fast", "--data", str(npz), "-ep", "2", *TABLE[2:]]
    epoch = RunProgress.epoch

    def interrupted(self: RunProgress, entry: dict[str, Any], seconds: float) -> None:
        epoch(self, entry, seconds)
        if self.recipe.name == "mlp":
            raise KeyboardInterrupt

    monkeypatch.setattr("byhand.training.trainer.SAVE_EVERY", -1.0)
    monkeypatch.setattr(RunProgress, "epoch", interrupted)
    assert main(words) == 130
    said = capsys.readouterr()
    (row,) = table(said.out)
    assert (row["network"], row["epochs"]) == ("softmax", "2")
    assert said.err.endswith(f"1 of 2 runs are done and kept. To go on from there, repeat: byhand {' '.join(words)}\n")
    # What the sentence promises.
    trained = list[int]()
    monkeypatch.setattr(
        RunProgress, "epoch", lambda self, entry, seconds: trained.append(entry["epoch"]) or epoch(self, entry, seconds)
    )
    assert main(words) == 0
    assert trained == [1]
    again = table(capsys.readouterr().out)
    assert [row["network"] for row in again] == ["softmax", "mlp"]
    assert again[0]["test"] == row["test"]


def test_seeds_and_files(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    words = ["--hands", "fast", "--seeds", "3", "--runs", "r", "--write", "results", "--data", str(npz), *TABLE]
    assert main(["compare", "softmax", "scratch-mlp", *words]) == 0
    out = capsys.readouterr().out
    rows = table(out[: out.index("Written")])
    assert [row["network"] for row in rows] == ["softmax", "scratch-mlp"]
    assert all("±" in row["validation"] for row in rows)
    written = json.loads(Path("results/recipes.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert [row["seeds"] for row in written["rows"]] == [[0, 1, 2]] * 2
    for row, shown in zip(reversed(written["rows"]), rows, strict=True):
        assert f"{100 * row['test']['mean']:.2f} ± {100 * row['test']['interval95']:.2f} %" == shown["test"]
    assert "| softmax | fast | 7,850 | 1 | 3 |" in Path("results/recipes.md").read_text(encoding="utf-8")
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


def test_all_selects_every_recipe_but_the_readers() -> None:
    assert undistorted() == [name for name in shipped() if name != "reader"]


def test_all_that_selects_nothing_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("byhand.training.recipe_files.shipped", lambda: ("reader",))
    assert main(["compare", "--all"]) == 2
    assert "[compare.nothing]" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_recipes_and_runs_together_and_a_page(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    words = ["--data", str(npz), "--threads", "1"]
    for name, rate in (("first", "0.05"), ("second", "0.001")):
        assert main(["train", "softmax", *words, "-ep", "2", "--lr", rate, "--name", name]) == 0
    # A folder of this name does not hide the recipe.
    Path("mlp").mkdir()
    capsys.readouterr()
    words = ["runs/first", "runs/second", "mlp", "--hands", "fast", "-hid_dim", "8", *words, "-ep", "1"]
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


def test_the_default_networks(capsys: pytest.CaptureFixture[str], npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every default network, trained on a few digits for an epoch or two."""
    short = [dataclasses.replace(one, small_epochs=1 + (one.recipe == "mlp")) for one in DEFAULT_NETWORKS]
    monkeypatch.setattr("byhand.compare.default_networks.DEFAULT_NETWORKS", short)
    assert main(["compare", "--data", str(npz), "--threads", "1", "--hands", "fast", "--no-report"]) == 0
    said = capsys.readouterr()
    rows = table(said.out)
    assert [row["network"] for row in rows] == [one.recipe for one in DEFAULT_NETWORKS]
    epochs = {row["network"]: row["epochs"] for row in rows}
    assert (epochs["mlp"], epochs["elman-tuned"], epochs["tiny-cnn-tuned"]) == ("2 of 5", "1 of 50", "1")
    # What is not as the recipe says is said, and what is, is not.
    assert "elman-tuned epochs 1 (its recipe: 50)" in said.err
    assert "conv5x5 schedule one-cycle (its recipe: constant), conv5x5 lr 0.003 (its recipe: 0.0001)" in said.err
    assert "scratch-mlp lr 0.1 (its recipe: 0.5)" in said.err
    assert "tiny-cnn" not in said.err
    # All train on the same digits, whatever split a recipe has.
    sizes = {tuple(json.loads(path.read_text())["data"].items()) for path in Path().glob("runs/compare/*/results.json")}
    assert len(sizes) == 1


@pytest.mark.slow
def test_every_default_network_learns_the_embedded_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--data", "digits", "--hands", "fast", "--no-report", "--offline"]) == 0
    for row in table(capsys.readouterr().out):
        assert float(row["test"].removesuffix(" %")) > 85, row


def test_the_default_networks_in_full(
    capsys: pytest.CaptureFixture[str], npz: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "byhand.compare.default_networks.DEFAULT_NETWORKS",
        [one for one in DEFAULT_NETWORKS if one.recipe == "tiny-cnn-tuned"],
    )
    words = ["compare", "--full", "--data", str(npz), "--threads", "1", "--hands", "fast", "--no-report"]
    assert main(words) == 0
    assert table(capsys.readouterr().out)[0]["epochs"] == str(load_recipe("tiny-cnn-tuned").config.epochs)


def test_without_torch(capsys: pytest.CaptureFixture[str], npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    assert main(["compare", "softmax", "--data", str(npz), *TABLE]) == 0
    said = capsys.readouterr()
    assert [row["hand"] for row in table(said.out)] == ["fast", "numpy"]
    assert "byhand[torch]" in said.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["mpl"], "recipe.not_found"),
        (["runs/none"], "run.not_found"),
        (["."], "run.not_found"),
        (["mlp", "--full"], "cli.conflicting_arguments"),
        (["mlp", "--all"], "cli.conflicting_arguments"),
        (["--seeds", "0"], "cli.invalid_argument"),
        (["--hands", "numpy,torsh"], "hands.unknown_hand"),
        (["--hands", ""], "hands.unknown_hand"),
        (["softmax", "--hidden", "8"], "recipe.unknown_setting"),
        (["--hands", "fast", "--data", "missing.csv"], "data.not_found"),
        (["--hands", "fast", "--data", "digits", "--lr", "-1"], "recipe.invalid_setting"),
        (["--hands", "fast", "--data", "digits", "--runs", "file", *QUICK], "run.not_writable"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert main(["compare", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("byhand: ")
    assert printed.err.endswith(f"[{code}]\n")
    assert [path.name for path in Path().iterdir()] == ["file"]
