"""A comparison at work: lines for a log, a table that fills in for whoever watches."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from byhand.compare.runner import Entry
from byhand.training.callbacks import Callback
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz.board import Board, Lines, board

ENTRY = {"epoch": 0, "step": 5, "train_loss": 0.5, "val_loss": 0.4, "val_accuracy": 0.905, "lr": 0.01}


def done(test: float = 0.8) -> Run:
    results = {"validation": {"accuracy": 0.9}, "test": {"accuracy": test}, "epochs": 2}
    return Run("x", Recipe("x", network={"name": "softmax"}, training={"epochs": 2}), results=results)


def entries(*names: str, seeds: int = 1) -> list[Entry]:
    return [Entry(Recipe(name, network={"name": "softmax"}), range(seeds)) for name in names]


def begin(callback: Callback) -> None:
    callback.begin(done(), 0.1)


def watched(rows: list[Entry], width: int = 80, height: int = 24, **config: Any) -> tuple[Board, io.StringIO]:
    seen = io.StringIO()
    size: dict[str, Any] = {"width": width, "height": height}
    return Board(rows, Console(file=seen, force_terminal=True, **size, **config)), seen


def picture(shown: Board) -> list[str]:
    """What the board shows now, as lines of text."""
    console = Console(file=io.StringIO(), width=shown.console.width, height=shown.console.height)
    with console.capture() as captured:
        console.print(shown.live.get_renderable())
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_log_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    rows = entries("[x]", "other")
    with board(rows) as shown:
        # Nobody watches a test.
        assert type(shown) is Lines
        shown.of(0, rows[0].recipe).skip(done())
        line = shown.of(1, rows[1].recipe)
        begin(line)
        for epoch in range(2):
            line.step(1, 1)
            line.epoch({**ENTRY, "epoch": epoch}, 0.25)
        line.note("something.")
        line.note("something.")
        line.end(done())
    said = capsys.readouterr()
    assert said.out == "other in the fast hand, seed 0: validation 90.00 %, test 80.00 %, 0.5 s\n"
    assert said.err == "byhand: something.\n"
    assert "\x1b" not in said.out + said.err


def test_the_board_fills_in() -> None:
    rows = entries("[bold]", "second")
    shown, _ = watched(rows)
    head, first, second, foot = picture(shown)
    assert head.split() == ["network", "hand", "epochs", "validation", "test", "training"]
    # A bracket in a name is no markup.
    assert first.split()[:2] == ["[bold]", "fast"]
    assert foot == "0 of 2 trainings done, 0:00 so far"
    one = shown.of(0, rows[0].recipe)
    begin(one)
    one.step(1, 2)
    assert shown.tracks[0].share == 0.25
    assert "0/2" in picture(shown)[1]
    one.epoch(ENTRY, 0.5)
    assert shown.tracks[0].share == 0.5
    assert "1/2" in picture(shown)[1]
    one.epoch({**ENTRY, "epoch": 1}, 0.5)
    one.end(done())
    shown.of(1, rows[1].recipe).skip(done(0.7))
    _, first, second, foot = picture(shown)
    assert "2/2  90.00 %  80.00 %  1.0 s" in re.sub(" {2,}", "  ", first)
    assert "90.00 %  70.00 %" in re.sub(" {2,}", "  ", second)
    assert foot.startswith("2 of 2 trainings done")


def test_several_seeds_share_a_row() -> None:
    rows = entries("one", seeds=3)
    shown, _ = watched(rows)
    for test in (0.8, 0.9):
        shown.of(0, rows[0].recipe).skip(done(test))
    running = shown.of(0, rows[0].recipe)
    begin(running)
    running.step(1, 1)
    assert shown.tracks[0].share == pytest.approx((2 + 0.5) / 3)
    _, row, foot = picture(shown)
    assert "2/3" in row
    assert "85.00 %" in row
    assert foot.startswith("2 of 3 trainings done")


@pytest.mark.parametrize("width", [80, 60, 120])
def test_no_line_is_broken(width: int) -> None:
    rows = entries("scratch-mlp", "a-name-that-goes-on-and-on", seeds=2)
    shown, _ = watched(rows, width)
    for place in range(2):
        shown.of(place, rows[place].recipe).skip(done())
        begin(shown.of(place, rows[place].recipe))
    lines = picture(shown)
    assert len(lines) == 4
    assert max(map(len, lines)) <= width


def test_a_low_terminal_shows_the_rows_at_work() -> None:
    rows = entries(*(f"n{place}" for place in range(20)))
    shown, _ = watched(rows, height=9)
    for place in range(10):
        shown.of(place, rows[place].recipe).skip(done())
    lines = picture(shown)
    assert [line.split()[0] for line in lines[1:-1]] == ["n8", "n9", "n10", "n11", "n12"]
    assert lines[-1].endswith("; 8 more above, 7 below")


@pytest.mark.parametrize("colour", [True, False])
def test_the_board_goes_when_it_is_done(colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    rows = entries("one")
    shown, seen = watched(rows)
    with shown:
        shown.of(0, rows[0].recipe).skip(done())
        shown.live.refresh()
    text = seen.getvalue()
    assert "one" in text
    assert ("\x1b[38;5" in text or "\x1b[32m" in text or "\x1b[92m" in text) <= colour
    # Cursor up and erase: the last thing that is written.
    assert text.endswith("\x1b[2K")


def test_an_interrupt_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    rows = entries("one", "two")

    def interrupted() -> None:
        with board(rows) as shown:
            shown.of(0, rows[0].recipe).skip(done())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err == (
        "byhand: 1 of 2 trainings are done and kept; the same command goes on from here.\n"
    )
