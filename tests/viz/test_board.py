"""The progress of a comparison: lines in a log, a table that fills in on a terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from byhand.compare.runner import Experiment
from byhand.training.callbacks import Callback
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz.board import Board, Lines, board

ENTRY = {"epoch": 0, "step": 5, "train_loss": 0.5, "val_loss": 0.4, "val_accuracy": 0.905, "lr": 0.01}


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
            callback.epoch({**ENTRY, "epoch": epoch}, 0.25)
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
    callback.epoch(ENTRY, 0.5)
    assert shown.progress[0].fraction == 0.5
    assert "1/2" in lines_of(shown)[1]
    callback.epoch({**ENTRY, "epoch": 1}, 0.5)
    callback.end(finished())
    shown.callback(1, compared[1].recipe).skip(finished(0.7))
    _, first, second, foot = lines_of(shown)
    assert "2/2  90.00 %  80.00 %  1.0 s" in re.sub(" {2,}", "  ", first)
    assert "90.00 %  70.00 %" in re.sub(" {2,}", "  ", second)
    assert foot.startswith("2 of 2 ")


def test_several_seeds_share_a_line() -> None:
    compared = experiments("one", seeds=3)
    shown, _ = on_terminal(compared)
    for test in (0.8, 0.9):
        shown.callback(0, compared[0].recipe).skip(finished(test))
    callback = shown.callback(0, compared[0].recipe)
    begin(callback)
    callback.step(1, 1)
    assert shown.progress[0].fraction == pytest.approx((2 + 0.5) / 3)
    _, line, foot = lines_of(shown)
    assert "2/3" in line
    assert "85.00 %" in line
    assert foot.startswith("2 of 3 ")


@pytest.mark.parametrize("width", [80, 60, 120])
def test_no_line_is_broken(width: int) -> None:
    compared = experiments("scratch-mlp", "a-name-that-goes-on-and-on", seeds=2)
    shown, _ = on_terminal(compared, width)
    for index in range(2):
        shown.callback(index, compared[index].recipe).skip(finished())
        begin(shown.callback(index, compared[index].recipe))
    lines = lines_of(shown)
    assert len(lines) == 4
    assert max(map(len, lines)) <= width


def test_a_low_terminal_shows_the_current_experiments() -> None:
    compared = experiments(*(f"n{index}" for index in range(20)))
    shown, _ = on_terminal(compared, height=9)
    for index in range(10):
        shown.callback(index, compared[index].recipe).skip(finished())
    lines = lines_of(shown)
    assert [line.split()[0] for line in lines[1:-1]] == ["n8", "n9", "n10", "n11", "n12"]
    assert "8 more above, 7 below" in lines[-1]


def test_the_board_disappears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    compared = experiments("one")
    shown, seen = on_terminal(compared)
    with shown:
        shown.callback(0, compared[0].recipe).skip(finished())
        shown.live.refresh()
    assert "one" in seen.getvalue()
    # The last thing written erases a line.
    assert seen.getvalue().endswith("\x1b[2K")


def test_an_interrupt_tells_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    compared = experiments("one", "two")

    def interrupted() -> Any:
        with board(compared) as shown:
            shown.callback(0, compared[0].recipe).skip(finished())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err.startswith("byhand: 1 of 2 runs are done")
