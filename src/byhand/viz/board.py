"""The progress of a comparison: a table that fills in on a terminal, elsewhere a line for every finished run."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from byhand.compare.runner import Experiment
from byhand.training.callbacks import Callback
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz.style import percent


@dataclass
class Progress:
    """How much of an experiment is done: its finished runs, and the current one."""

    experiment: Experiment
    runs: list[Run] = field(default_factory=list)
    # Training time of this command, without the current run.
    seconds: float = 0.0
    # Of the current run: epochs done, with the fraction of the current one, and in total.
    epoch: float = 0.0
    epochs: int = 0
    # When the current run began, in seconds of the monotonic clock; None if there is none.
    began: float | None = None

    @property
    def fraction(self) -> float:
        """Fraction that is done, from 0 to 1."""
        current = self.epoch / self.epochs if self.epochs and self.began is not None else 0.0
        return min((len(self.runs) + current) / self.experiment.count, 1.0)

    # A recipe checks its settings each time they are asked for; the board asks five times a second.
    @functools.cached_property
    def hand(self) -> str:
        """The hand that is trained."""
        return self.experiment.recipe.config.hand

    def cells(self, now: float) -> list[RenderableType]:
        """One line of the board's table."""
        recipe, count = self.experiment.recipe, len(self.runs)
        seconds = self.seconds if self.began is None else now - self.began
        style = "dim" if self.began is None and not self.runs else ""
        sums = (sum(run.results[part]["accuracy"] for run in self.runs) for part in ("validation", "test"))
        return [
            Text(recipe.name, style=style),
            Text(self.hand, style=style),
            ProgressBar(total=1, completed=self.fraction),
            f"{count}/{self.experiment.count}",
            f"{int(self.epoch)}/{self.epochs}" if self.epochs else "",
            *(percent(total / count, 2) if count else "" for total in sums),
            f"{seconds:.1f} s" if seconds or self.began is not None else "",
        ]


class Lines:
    """Prints a line for every finished run, and each note once, to the error stream."""

    def __init__(self, experiments: Sequence[Experiment]) -> None:
        self.progress = [Progress(experiment) for experiment in experiments]
        self.notes: set[str] = set()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *problem: object) -> None:
        """Nothing is open."""

    def callback(self, index: int, recipe: Recipe) -> Callback:
        """Return the callback of a run, from the index of its experiment and its recipe."""
        return RunProgress(self, self.progress[index], recipe)

    def count(self) -> str:
        """How many of the runs are done, as text."""
        return f"{sum(len(one.runs) for one in self.progress)} of {sum(one.experiment.count for one in self.progress)}"

    def show(self, line: str) -> None:
        """Show the line of a finished run."""
        print(line, flush=True)


class RunProgress(Callback):
    """Follows one run of a comparison."""

    def __init__(self, lines: Lines, progress: Progress, recipe: Recipe) -> None:
        self.lines, self.progress, self.recipe = lines, progress, recipe
        self.done, self.seconds = 0, 0.0

    def note(self, message: str) -> None:
        # All runs of a comparison have the same notes.
        if message not in self.lines.notes:
            self.lines.notes.add(message)
            print(f"byhand: {message}", file=sys.stderr)

    def skip(self, run: Run) -> None:
        self.progress.runs.append(run)

    def begin(self, run: Run, accuracy: float) -> None:
        self.done = len(run.log)
        self.progress.epoch, self.progress.epochs = self.done, run.recipe.config.epochs
        self.progress.began = time.monotonic()

    def step(self, step: int, steps: int) -> None:
        self.progress.epoch = self.done + step / steps

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        self.seconds += seconds
        self.done = entry["epoch"] + 1
        self.progress.epoch = self.done

    def end(self, run: Run) -> None:
        config = self.recipe.config
        self.progress.seconds += self.seconds
        self.progress.epoch, self.progress.began = run.results["epochs"], None
        self.progress.runs.append(run)
        shown = ", ".join(f"{part} {percent(run.results[part]['accuracy'], 2)}" for part in ("validation", "test"))
        self.lines.show(
            f"{self.recipe.name} in the {config.hand} hand, seed {config.seed}: {shown}, {self.seconds:.1f} s"
        )


class Board(Lines):
    """Shows all experiments on a terminal, each with a progress bar; disappears when the comparison ends."""

    def __init__(self, experiments: Sequence[Experiment], console: Console) -> None:
        super().__init__(experiments)
        self.console, self.began = console, time.monotonic()
        self.live = Live(
            console=console,
            get_renderable=self._render,
            transient=True,
            refresh_per_second=5,
            redirect_stderr=sys.stderr.isatty(),
        )

    def __enter__(self) -> Board:
        self.live.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.live.stop()

    def show(self, line: str) -> None:
        """Show nothing: the table has it."""

    def _render(self) -> RenderableType:
        now = time.monotonic()
        table = Table(box=None, pad_edge=False, padding=(0, 1), expand=True)
        several = any(one.experiment.count > 1 for one in self.progress)
        # On a narrow terminal the bars become shorter first, then names are cut.
        for head in ("network", "hand"):
            table.add_column(head, no_wrap=True, overflow="ellipsis")
        table.add_column("", ratio=1, min_width=6)
        for head in (*(["runs"] if several else []), "epochs", "validation", "test", "training"):
            table.add_column(head, justify="right", no_wrap=True)
        # The experiments that fit on the terminal, around the current one.
        total, height = len(self.progress), max(self.console.size.height - 4, 3)
        current = next((index for index, one in enumerate(self.progress) if one.fraction < 1), total)
        first = max(min(current - height // 2, total - height), 0)
        last = min(first + height, total)
        for one in self.progress[first:last]:
            cells = one.cells(now)
            table.add_row(*(cells if several else cells[:3] + cells[4:]))
        hidden = f"; {first} more above, {total - last} below" if total > height else ""
        minutes, seconds = divmod(int(now - self.began), 60)
        return Group(table, Text(f"{self.count()} runs done, {minutes}:{seconds:02d} so far{hidden}"))


def board(experiments: Sequence[Experiment]) -> Lines:
    """Return a `Board` on an interactive terminal, elsewhere `Lines`."""
    console = Console(markup=False, emoji=False, highlight=False)
    return Board(experiments, console) if console.is_interactive else Lines(experiments)
