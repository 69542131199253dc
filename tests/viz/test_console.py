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
from byhand.viz.console import Terminal, counted, epoch_line, parameter_table, print_table, seconds_text

ENTRY = {"epoch": 0, "step": 5, "train_loss": 0.53931, "val_loss": 0.40211, "val_accuracy": 0.905, "lr": 0.0095}
FULL = ENTRY | {"train_accuracy": 0.912}
NOW = datetime(2025, 5, 23, 14, 38, 41, tzinfo=UTC)


def test_the_line_of_an_epoch() -> None:
    """The format is public: other programs parse it."""
    assert epoch_line(ENTRY, 28.11, 50, NOW) == (
        "Epoch: [ 1/50] | Train Loss: 0.5393 | Val Loss: 0.4021 | Accuracy: 90.50 % | LR: 0.0095 | Time: 28.11 s | "
        "Now: 2025-05-23 14:38:41"
    )
    assert epoch_line({**ENTRY, "epoch": 7}, 1, 9, NOW).startswith("Epoch: [8/9] | ")
    assert epoch_line({**ENTRY, "epoch": 7}, 1, 150, NOW).startswith("Epoch: [  8/150] | ")
    assert " | Accuracy: 90.50 % | Train Accuracy: 91.20 % | LR" in epoch_line(FULL, 1, 9, NOW)
    # The rate at the end of a schedule is not zero.
    assert " | LR: 2e-08 | " in epoch_line({**ENTRY, "lr": 2e-8}, 1, 9, NOW)


def test_the_line_of_an_epoch_on_a_narrow_terminal() -> None:
    """Defect: lines of 110 columns on 80."""
    line = epoch_line(FULL, 28.11, 50, NOW, width=80)
    assert line == "Epoch  1/50 | train 0.5393 91.20 % | val 0.4021 90.50 % | lr 0.0095 | 28.11 s"
    assert len(line) <= 80
    assert epoch_line(FULL, 28.11, 50, NOW, width=200) == epoch_line(FULL, 28.11, 50, NOW)
    every = {**FULL, "test_loss": 0.4112, "test_accuracy": 0.9012}
    assert len(epoch_line({**every, "lr": 0.00946, "epoch": 199}, 28.11, 200, NOW, width=80)) <= 80
    assert "val 0.4021 90.50 % | test 90.12 % | 28.11 s" in epoch_line(every, 28.11, 50, NOW, width=80)
    # Without validation digits.
    assert "Val" not in epoch_line({**FULL, "val_loss": None, "val_accuracy": None}, 1, 9, NOW)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.123, "0.12 s"), (28.114, "28.11 s"), (185.2, "3 min 5 s"), (7620, "2 h 7 min")]
)
def test_times(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_one_epoch_is_no_epochs() -> None:
    """Defect: "1 epochs"."""
    assert [counted(number, "epoch") for number in (0, 1, 2, 1234)] == [
        "0 epochs",
        "1 epoch",
        "2 epochs",
        "1,234 epochs",
    ]


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


def test_the_parameter_table_indents_layers_inside_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(parameter_table(zoo.network("vit", patch=7, stem=0, width=8, depth=1, heads=2, hidden=12)))
    rows = [re.split(r"(?<=\S)  +", line.rstrip()) for line in capsys.readouterr().out.splitlines()]
    assert rows[5:12] == [
        ["Residual", "16 x 8"],
        ["  LayerNorm", "16 x 8", "16"],
        ["  Attention(2 heads)", "16 x 8", "288"],
        ["Residual", "16 x 8"],
        ["  LayerNorm", "16 x 8", "16"],
        ["  Linear(12)", "16 x 12", "108"],
        ["  GELU", "16 x 12"],
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
            terminal.loss(2, 2, 0.1234)
            terminal.epoch({**FULL, "epoch": epoch}, 0.5)
        run.results = RESULTS
        terminal.end(run)
    assert terminal.bar is None
    text = seen.getvalue()
    for number in ("130", "40", "30", "12.50 %", "7,850", "90.00 %", "80.00 %"):
        assert number in text
    assert text.count("Step 2/2 | loss 0.1234") == 2
    for epoch in (1, 2):
        assert (f"Epoch {epoch}/2 | train 0.5393 91.20 % | val 0.4021 90.50 %" in text) == watched
        assert (f"Epoch: [{epoch}/2] | Train Loss: 0.5393 |" in text) != watched
    assert "Training time: 0.00 s for 0 epochs" in text


@pytest.mark.parametrize("done", [1, 2])
def test_a_resumed_run_has_no_accuracy_before_training(
    done: int, splits: Splits, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe("x", network={"name": "softmax"}, training={"epochs": 3})
    network = build(zoo.network("softmax"))
    Terminal().begin(Run("x", recipe, log=[FULL] * done, _network=network, _splits=splits), 0.1)
    printed = capsys.readouterr().out
    assert "before training" not in printed
    assert f"Resumed after {counted(done, 'epoch')} of 3, validation accuracy 90.50 %" in printed


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
