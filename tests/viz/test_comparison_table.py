"""The table of a comparison, and the results that are kept in Markdown and JSON."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from byhand.compare.result import Result
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz.comparison_table import (
    COLUMNS,
    cells,
    grid_lines,
    markdown,
    percent,
    print_comparison,
    read_results,
    significant,
    thousands,
    write_results,
)


def finished(accuracy: float, seconds: list[float], seed: int = 0) -> Run:
    """A run without a folder."""
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


def result(*runs: Run, **recipe: Any) -> Result:
    return Result(Recipe("linear", network={"name": "softmax"}, **recipe), list(runs))


def test_the_cells_of_a_result() -> None:
    one = result(finished(0.92, [1.0, 3.0]), finished(0.94, [2.0, 4.0], seed=1))
    one.replaced = {"epochs": 50}
    # Mean of 92 and 94 is 93; standard deviation sqrt(2), t(0.975; 1) = 12.7062, so 12.7062 * sqrt(2) / sqrt(2).
    assert dict(zip(COLUMNS, cells(one), strict=True)) == {
        "network": "linear",
        "hand": "fast",
        "parameters": "7,850",
        "epochs": "2 of 50",
        "validation": "93.00 ± 12.71 %",
        "test": "92.00 ± 12.71 %",
        "s to train": "5",
        "s to final": "5",
        # 50,000 digits twice, in 4 and in 6 seconds.
        "trained/s": "20,800",
        "read/s": "",
    }
    one.replaced = {"epochs": 1}
    assert cells(one)[COLUMNS.index("epochs")] == "2"


@pytest.mark.parametrize(("width", "tables"), [(70, 2), (200, 1)])
def test_a_narrow_terminal(width: int, tables: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = io.StringIO()

    def console(**options: Any) -> Console:
        return Console(file=seen, force_terminal=True, width=width, **options)

    monkeypatch.setattr("byhand.viz.comparison_table.Console", console)
    monkeypatch.setattr("byhand.viz.console.Console", console)
    results = [result(finished(0.92, [1.0, 3.0])), result(finished(0.9, [1.0, 3.0]), training={"hand": "torch"})]
    print_comparison(results)
    lines = re.sub("\x1b\\[[0-9;]*m", "", seen.getvalue()).splitlines()
    assert [line.split()[0] for line in lines if line.strip()] == ["network", "linear", "linear"] * tables
    assert max(map(len, lines)) <= width
    # Two tables have all the cells of one.
    for cell in (*COLUMNS, *cells(results[0])):
        assert cell in " ".join(lines)


def test_numbers() -> None:
    assert [thousands(rate) for rate in (1234567.0, 12345.0, 987.6, 12.34)] == ["1,230,000", "12,300", "988", "12"]
    assert percent(0.97, float("nan")) == percent(0.97) == "97.00 %"
    assert [significant(value) for value in (0.0012345, 1.2345, 99.94, 123.4)] == ["0.00123", "1.23", "99.9", "123"]


def test_results_are_kept(tmp_path: Path) -> None:
    results = [
        result(
            finished(0.92, [1.0, 3.0]),
            finished(0.94, [2.0, 4.0], seed=1),
            project={"states": "92 | 93 %", "epoch_seconds": 25.0},
        ),
        result(finished(0.5, [0.5]), training={"hand": "torch"}),
    ]
    table, numbers = write_results(results, tmp_path / "results", "byhand compare --seeds 2")
    written = json.loads(numbers.read_text(encoding="utf-8"), parse_constant=pytest.fail)["rows"]
    first, second = written
    assert first["command"] == "byhand compare --seeds 2"
    assert first["seeds"] == [0, 1]
    assert first["test"]["mean"] == pytest.approx(0.92)
    assert first["test"]["each"] == pytest.approx([0.91, 0.93])
    assert first["validation_accuracy_by_epoch"] == pytest.approx([0.83, 0.93])
    assert second["validation"] == {"mean": 0.5, "interval95": None, "each": [0.5]}
    text = table.read_text(encoding="utf-8")
    assert text == markdown(written)
    assert "`byhand compare --seeds 2`" in text
    assert "nan" not in text
    # 25 s an epoch of theirs over 2.5 of ours; a bar would end the cell.
    assert "| 2 | 93.00 ± 12.71 % | 92.00 ± 12.71 % | 2 | 2.5 | 5 | 92 \\| 93 % | 10.0 |" in text
    assert "| linear | fast | validation | 83.00 | 93.00 |  | 93.00 |" in text
    # Another comparison replaces results of the same recipe and hand, and keeps the others.
    write_results([result(finished(0.6, [0.5]), training={"hand": "torch"})], tmp_path / "results", "again")
    kept, replaced = read_results(numbers)
    assert (kept, replaced["command"], replaced["validation"]["mean"]) == (first, "again", 0.6)


def test_damaged_results_are_not_overwritten(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    (tmp_path / "recipes.json").write_text('{"rows": 3}', encoding="utf-8")
    with refused("results.damaged"):
        write_results([result(finished(0.5, [0.5]))], tmp_path, "byhand compare")
    assert (tmp_path / "recipes.json").read_text(encoding="utf-8") == '{"rows": 3}'


def test_a_grid_of_two_settings() -> None:
    grid = [
        {"hidden": h, "l2": l2, "validation": h / 100 + l2 / 1000, "test": 0.0} for h in (4, 8) for l2 in (0.0, 10.0)
    ]
    assert grid_lines(grid)[2:] == ["|  | 0 | 10 |", "|--:|--:|--:|", "| 4 | 4.00 | 5.00 |", "| 8 | 8.00 | **9.00** |"]


@pytest.mark.parametrize(
    ("variants", "rows"),
    [
        ([{"lr": 0.1}, {"lr": 0.2}], ["| 0.1 | **90.00** |", "| 0.2 | 90.00 |"]),
        (
            [{"activation": "relu", "hidden": [4, 4]}, {"activation": "tanh", "hidden": [4, 4]}],
            ["| relu | **90.00** |", "| tanh | 90.00 |"],
        ),
        ([{"a": 1, "b": 2, "c": c} for c in (3, 4)], ["| 1 | 2 | 3 | **90.00** |", "| 1 | 2 | 4 | 90.00 |"]),
    ],
)
def test_other_grids_and_the_first_of_equals(variants: list[dict[str, Any]], rows: list[str]) -> None:
    lines = grid_lines([{**variant, "validation": 0.9, "test": 0.9} for variant in variants])
    assert lines[-2:] == rows
