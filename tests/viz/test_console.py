"""What the terminal shows."""

from __future__ import annotations

import contextlib
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from byhand.data import Splits
from byhand.hands import build
from byhand.models import zoo
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz.console import Terminal, epoch_line, parameter_table, print_table

ENTRY = {"epoch": 0, "step": 5, "train_loss": 0.53931, "val_loss": 0.40211, "val_accuracy": 0.905, "lr": 0.0095}
NOW = datetime(2025, 5, 23, 14, 38, 41, tzinfo=UTC)


def test_the_line_of_an_epoch() -> None:
    """The format is public: other programs parse it."""
    assert epoch_line(ENTRY, 28.11, 50, NOW) == (
        "Epoch: [ 0/50] | Train Loss: 0.5393 | Val Loss: 0.4021 | Accuracy: 90.50 % | LR: 0.00950 | Time: 28.11 s | "
        "Now: 2025-05-23 14:38:41"
    )
    assert epoch_line({**ENTRY, "epoch": 7}, 1, 9, NOW).startswith("Epoch: [7/9] | ")
    assert epoch_line({**ENTRY, "epoch": 7}, 1, 150, NOW).startswith("Epoch: [  7/150] | ")


def test_lines_of_other_runs() -> None:
    assert " | LR: line search | " in epoch_line({**ENTRY, "lr": None}, 1, 9, NOW)
    watched = epoch_line({**ENTRY, "test_accuracy": 0.91234, "test_loss": 0.3}, 1, 9, NOW)
    assert " | Accuracy: 90.50 % | Test Accuracy: 91.23 % | LR: " in watched


def test_the_parameter_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(parameter_table(zoo.network("mlp", hidden=(128, 32), dropout=0.2)))
    rows = [re.split(r"  +", line.rstrip()) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["layer", "output", "parameters"],
        ["Standardize", "28 x 28"],
        ["Flatten", "784"],
        ["Linear(128)", "128", "100,480"],
        ["ReLU", "128"],
        ["Dropout(0.2)", "128"],
        ["Linear(32)", "32", "4,128"],
        ["ReLU", "32"],
        ["Dropout(0.2)", "32"],
        ["Linear(10)", "10", "330"],
        ["total", "104,938"],
    ]


def test_a_bracket_in_a_name_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("network")
    table.add_row("[x]")
    table.add_row("[bold]:smile:")
    print_table(table)
    shown = capsys.readouterr().out
    assert "[x] " in shown
    assert "[bold]:smile:" in shown


RESULTS: dict[str, Any] = {"stopped_early": True, "validation": {"accuracy": 0.9}, "test": {"accuracy": 0.8}}


@pytest.mark.parametrize("watched", [False, True])
def test_a_whole_run(watched: bool, splits: Splits) -> None:
    seen = io.StringIO()
    with contextlib.redirect_stdout(seen):
        terminal = Terminal()
        terminal.console = Console(file=seen, force_terminal=watched, width=80)
        recipe = Recipe("x", network={"name": "softmax"}, training={"epochs": 2})
        run = Run("x", recipe, _network=build(zoo.network("softmax")), _splits=splits)
        terminal.begin(run, 0.125)
        assert (terminal.bar is not None) == watched
        for epoch in range(2):
            terminal.step(1, 2)
            terminal.step(2, 2)
            terminal.epoch({**ENTRY, "epoch": epoch}, 0.5)
        run.results = RESULTS
        terminal.end(run)
    assert terminal.bar is None
    text = seen.getvalue()
    for number in ("130", "40", "30", "12.50 %", "7,850", "90.00 %", "80.00 %"):
        assert number in text
    # Whole lines, however narrow the terminal is.
    for epoch in range(2):
        assert (
            f"Epoch: [{epoch}/2] | Train Loss: 0.5393 | Val Loss: 0.4021 | Accuracy: 90.50 % | LR: 0.00950 | Time:"
            in text
        )


def test_notes_go_to_the_error_stream(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().note("something to know.")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "byhand: something to know.\n")
