"""The table of a comparison: columns that hold what their heads say, in Markdown and JSON that others can read."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from byhand.compare.entry import Row
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz.comparison_table import (
    HEADS,
    SHOWN,
    cells,
    percent,
    print_comparison,
    shown,
    significant,
    thousands,
    write_results,
)


def done(accuracy: float, seconds: list[float], seed: int = 0) -> Run:
    """A run that never was."""
    results: dict[str, Any] = {
        "parameters": 7850,
        "epochs": len(seconds),
        "seed": seed,
        "data": {"name": "mnist", "source": "here", "train": 50000, "validation": 10000, "test": 10000},
        "validation": {"accuracy": accuracy, "loss": 0.1},
        "test": {"accuracy": accuracy - 0.01, "loss": 0.2},
    }
    environment = {
        "device": "cpu",
        "versions": {"numpy": "2.0"},
        "processor": "an abacus",
        "threads": 2,
        "linear_algebra": ["OpenBLAS"],
    }
    log = [{"val_accuracy": accuracy - 0.1 * left} for left in reversed(range(len(seconds)))]
    recipe = Recipe("linear", network={"name": "softmax"})
    return Run("run", recipe, Path("run"), results, log, [{"seconds": each} for each in seconds], environment)


def row(*runs: Run, grid: list[dict[str, Any]] | None = None, **recipe: Any) -> Row:
    return Row(Recipe("linear", network={"name": "softmax"}, **recipe), list(runs), grid or [])


def tables(text: str) -> list[list[list[str]]]:
    """Every table of a Markdown text, as rows of cells; a bar behind a backslash divides nothing."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            inner = line.strip().strip("|").replace("\\|", "\0")
            found[-1].append([cell.strip().replace("\0", "|") for cell in inner.split("|")])
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def test_what_a_row_shows() -> None:
    written = cells(row(done(0.92, [1.0, 3.0]), done(0.94, [2.0, 4.0], seed=1)))
    # Mean of 92 and 94 is 93; standard deviation sqrt(2), t(0.975; 1) = 12.7062, so 12.7062 * sqrt(2) / sqrt(2).
    assert dict(zip(HEADS, written, strict=True)) == {
        "network": "linear",
        "hand": "fast",
        "parameters": "7,850",
        "epochs": "2",
        "validation": "93.00 ± 12.71 %",
        "test": "92.00 ± 12.71 %",
        "s an epoch": "2.5",
        "s to train": "5",
    }


def test_the_table_at_the_end() -> None:
    one = row(done(0.92, [1.0, 3.0]))
    one.whole = 50
    assert dict(zip(SHOWN, shown(one), strict=True)) == {
        "network": "linear",
        "hand": "fast",
        "parameters": "7,850",
        "epochs": "2 of 50",
        "validation": "92.00 %",
        "test": "91.00 %",
        "s to train": "4",
        "s to final": "4",
        # 50,000 digits twice in 4 seconds.
        "trained/s": "25,000",
        # Its digits were not to be had.
        "read/s": "",
    }
    one.whole = 1
    assert shown(one)[SHOWN.index("epochs")] == "2"


@pytest.mark.parametrize(("width", "tables"), [(70, 2), (200, 1)])
def test_a_narrow_terminal(width: int, tables: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = io.StringIO()

    def console(**config: Any) -> Console:
        return Console(file=seen, force_terminal=True, width=width, **config)

    monkeypatch.setattr("byhand.viz.comparison_table.Console", console)
    monkeypatch.setattr("byhand.viz.console.Console", console)
    print_comparison([row(done(0.92, [1.0, 3.0])), row(done(0.9, [1.0, 3.0]), training={"hand": "torch"})])
    lines = re.sub("\x1b\\[[0-9;]*m", "", seen.getvalue()).splitlines()
    assert [line.split()[0] for line in lines if line.strip()] == ["network", "linear", "linear"] * tables
    assert max(map(len, lines)) <= width
    # Both tables together say what the one says.
    words = " ".join(lines)
    for cell in (*SHOWN, *shown(row(done(0.92, [1.0, 3.0])))):
        assert cell in words


def test_numbers() -> None:
    assert [thousands(rate) for rate in (1234567.0, 12345.0, 987.6, 12.34)] == ["1,230,000", "12,300", "988", "12"]
    assert percent(0.97, float("nan")) == "97.00 %"
    assert [significant(value) for value in (0.0012345, 1.2345, 99.94, 123.4)] == ["0.00123", "1.23", "99.9", "123"]


def test_files(tmp_path: Path) -> None:
    rows = [
        row(
            done(0.92, [1.0, 3.0]),
            done(0.94, [2.0, 4.0], seed=1),
            project={"states": "92 | 93 %", "epoch_seconds": 25.0},
        ),
        row(done(0.5, [0.5]), training={"hand": "torch"}),
    ]
    markdown, numbers = write_results(rows, tmp_path / "results", "byhand compare --seeds 2")
    written = json.loads(
        numbers.read_text(encoding="utf-8"), parse_constant=lambda word: pytest.fail(f"{word} in JSON")
    )
    assert written["command"] == "byhand compare --seeds 2"
    first, second = written["rows"]
    assert first["seeds"] == [0, 1]
    assert first["test"]["mean"] == pytest.approx(0.92)
    assert first["test"]["each"] == pytest.approx([0.91, 0.93])
    assert first["validation_accuracy_by_epoch"] == pytest.approx([0.83, 0.93])
    assert second["validation"] == {"mean": 0.5, "interval95": None, "each": [0.5]}
    text = markdown.read_text(encoding="utf-8")
    assert "Written by `byhand compare --seeds 2`" in text
    assert "nan" not in text
    table, curves = tables(text)
    assert len({len(line) for line in table}) == 1
    assert len({len(line) for line in curves}) == 1
    named = [dict(zip(table[0], line, strict=True)) for line in table[2:]]
    assert named[0]["seeds"] == "2"
    assert named[0]["project states"] == "92 | 93 %"
    # 25 s an epoch of theirs over 2.5 of ours.
    assert named[0]["ratio"] == "10.0"
    assert (named[1]["hand"], named[1]["ratio"], named[1]["validation"]) == ("torch", "", "50.00 %")
    assert curves[2] == ["linear", "numpy", "validation", "83.00", "93.00", "", "93.00"]


def grid_of(entries: list[dict[str, Any]], tmp_path: Path) -> list[list[str]]:
    swept = row(done(0.9, [1.0]), grid=entries)
    text = write_results([swept], tmp_path, "byhand compare")[0].read_text(encoding="utf-8")
    assert "## The grid of linear" in text
    return tables(text)[-1]


def test_a_grid_of_two_settings(tmp_path: Path) -> None:
    entries = [
        {"hidden": h, "l2": l2, "validation": h / 100 + l2 / 1000, "test": 0.0} for h in (4, 8) for l2 in (0.0, 10.0)
    ]
    head, _, *rest = grid_of(entries, tmp_path)
    assert head == ["", "0", "10"]
    assert rest == [["4", "4.00", "5.00"], ["8", "8.00", "**9.00**"]]


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        # One setting.
        ([{"lr": 0.1}, {"lr": 0.2}], [["0.1", "**90.00**"], ["0.2", "90.00"]]),
        # Settings that are no numbers, and lists.
        (
            [{"activation": "relu", "hidden": [4, 4]}, {"activation": "tanh", "hidden": [4, 4]}],
            [["relu", "**90.00**"], ["tanh", "90.00"]],
        ),
        # Three settings.
        (
            [{"a": 1, "b": 2, "c": c} for c in (3, 4)],
            [["1", "2", "3", "**90.00**"], ["1", "2", "4", "90.00"]],
        ),
    ],
)
def test_other_grids_and_the_first_of_equals(
    entries: list[dict[str, Any]], wanted: list[list[str]], tmp_path: Path
) -> None:
    entries = [{**entry, "validation": 0.9, "test": 0.9} for entry in entries]
    assert grid_of(entries, tmp_path)[2:] == wanted
