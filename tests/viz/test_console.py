"""What the terminal shows of a training and of a comparison."""

from __future__ import annotations

import contextlib
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from byhand.compare.runner import Experiment
from byhand.data import Splits
from byhand.hands import build
from byhand.models import zoo
from byhand.training.callbacks import Callback
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz.board import Board, Lines, board
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


MEASURED = {"epoch": 0, "step": 5, "train_loss": 0.5, "val_loss": 0.4, "val_accuracy": 0.905, "lr": 0.01}


def small(name: str) -> Recipe:
    return Recipe(name, network={"name": "softmax"}, training={"epochs": 2})


def finished(test: float = 0.8) -> Run:
    results = {"validation": {"accuracy": 0.9}, "test": {"accuracy": test}, "epochs": 2}
    return Run("run", small("any"), Path(), results)


def begin(callback: Callback) -> None:
    callback.begin(Run("run", small("any"), Path()), 0.1)


def experiments(*names: str, seeds: int = 1) -> list[Experiment]:
    return [Experiment(small(name), range(seeds)) for name in names]


def on_terminal(compared: list[Experiment], width: int = 80, height: int = 24) -> tuple[Board, io.StringIO]:
    seen = io.StringIO()
    return Board(compared, Console(file=seen, force_terminal=True, width=width, height=height)), seen


def lines_of(shown: Board) -> list[str]:
    """What the board shows now."""
    console = Console(file=io.StringIO(), width=shown.console.width, height=shown.console.height)
    with console.capture() as captured:
        console.print(shown.live.get_renderable())
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_log_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    compared = experiments("[x]", "other")
    with board(compared) as shown:
        assert type(shown) is Lines
        shown.callback(0, compared[0].recipe).skip(finished())
        callback = shown.callback(1, compared[1].recipe)
        begin(callback)
        for epoch in range(2):
            callback.step(1, 1)
            callback.epoch({**MEASURED, "epoch": epoch}, 0.25)
        callback.note("something.")
        callback.note("something.")
        callback.end(finished())
    printed = capsys.readouterr()
    assert printed.out == "other in the fast hand, seed 0: validation 90.00 %, test 80.00 %, 0.5 s\n"
    assert printed.err == "byhand: something.\n"


def test_the_board_fills_in() -> None:
    compared = experiments("[bold]", "second")
    shown, _ = on_terminal(compared)
    head, first, second, foot = lines_of(shown)
    assert head.split() == ["network", "hand", "epochs", "validation", "test", "training"]
    # A bracket in a name is no markup.
    assert first.split()[:2] == ["[bold]", "fast"]
    assert foot.startswith("0 of 2 ")
    callback = shown.callback(0, compared[0].recipe)
    begin(callback)
    callback.step(1, 2)
    assert shown.progress[0].fraction == 0.25
    assert "0/2" in lines_of(shown)[1]
    callback.epoch(MEASURED, 0.5)
    assert shown.progress[0].fraction == 0.5
    assert "1/2" in lines_of(shown)[1]
    callback.epoch({**MEASURED, "epoch": 1}, 0.5)
    callback.end(finished())
    shown.callback(1, compared[1].recipe).skip(finished(0.7))
    _, first, second, foot = lines_of(shown)
    assert "2/2  90.00 %  80.00 %  1.0 s" in re.sub(" {2,}", "  ", first)
    assert "90.00 %  70.00 %" in re.sub(" {2,}", "  ", second)
    assert foot.startswith("2 of 2 ")


def test_a_redraw_checks_no_recipe_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, _ = on_terminal(experiments("one", "two", seeds=3))
    before = lines_of(shown)
    monkeypatch.setattr(Recipe, "config", property(lambda self: pytest.fail("the settings were checked again")))
    monkeypatch.setattr(Recipe, "variants", lambda self: pytest.fail("the sweep was made again"))
    assert lines_of(shown) == before
