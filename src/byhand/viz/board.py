"""A comparison at work: a table that fills in while somebody watches, or a line for every run that is done."""

from __future__ import annotations

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

from byhand.compare.runner import Entry
from byhand.training.callbacks import Callback
from byhand.training.recipe import Recipe
from byhand.training.run import Run


class Lines:
    """Prints a line for every run that is trained; notes go to the error stream, each once.

    Used as a context, which takes away what shall not stay.

    Parameters
    ----------
    entries
        The rows of the comparison.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.tracks = [Track(entry) for entry in entries]
        self.told: set[str] = set()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *problem: object) -> None:
        if problem[0] is KeyboardInterrupt:
            done = sum(len(track.tests) for track in self.tracks)
            print(
                f"byhand: {done} of {sum(track.entry.count for track in self.tracks)} trainings are done and kept; "
                "the same command goes on from here.",
                file=sys.stderr,
            )

    def of(self, place: int, recipe: Recipe) -> Callback:
        """Give the display of one run, whose row has this number."""
        return Watched(self, self.tracks[place], recipe)

    def done(self, line: str) -> None:
        """A run is done, and this is to be said of it."""
        print(line, flush=True)


@dataclass
class Track:
    """How far a row of a comparison has come.

    Attributes
    ----------
    entry
        The row.
    validations, tests
        Accuracies of the runs that are done.
    seconds
        Of all the row's training in this comparison.
    epoch, epochs
        Of the run at work: how many epochs are done, in parts too, and how many there shall be.
    began
        When the run at work began, or nothing where none is.
    """

    entry: Entry
    validations: list[float] = field(default_factory=list)
    tests: list[float] = field(default_factory=list)
    seconds: float = 0.0
    epoch: float = 0.0
    epochs: int = 0
    began: float | None = None

    @property
    def share(self) -> float:
        """How much of the row is done, from 0 to 1."""
        part = self.epoch / self.epochs if self.epochs and self.began is not None else 0.0
        return min((len(self.tests) + part) / self.entry.count, 1.0)

    def add(self, run: Run) -> None:
        """Count a run that is done."""
        self.validations.append(run.results["validation"]["accuracy"])
        self.tests.append(run.accuracy)
        self.began = None

    def cells(self, now: float) -> list[RenderableType]:
        """The row of the table on the board."""
        config = self.entry.recipe.config
        waiting = self.began is None and not self.tests
        seconds = self.seconds if self.began is None else now - self.began
        epochs = f"{int(self.epoch)}/{self.epochs}" if self.epochs else ""
        return [
            Text(self.entry.recipe.name, style="dim" if waiting else ""),
            Text(config.hand, style="dim" if waiting else ""),
            ProgressBar(total=1, completed=self.share),
            Text(f"{len(self.tests)}/{self.entry.count}"),
            Text(epochs),
            *(Text(_percent(values)) for values in (self.validations, self.tests)),
            Text(f"{seconds:.1f} s" if seconds or self.began is not None else ""),
        ]


class Watched(Callback):
    """One run of a comparison."""

    def __init__(self, lines: Lines, track: Track, recipe: Recipe) -> None:
        self.lines, self.track, self.recipe = lines, track, recipe
        self.seconds = 0.0

    def note(self, sentence: str) -> None:
        # Every run of a comparison has the same to note.
        if sentence not in self.lines.told:
            self.lines.told.add(sentence)
            print(f"byhand: {sentence}", file=sys.stderr)

    def skip(self, run: Run) -> None:
        self.track.add(run)

    def begin(self, run: Run, accuracy: float) -> None:
        self.done = 0
        self.track.epoch, self.track.epochs, self.track.began = 0, run.recipe.config.epochs, time.monotonic()

    def step(self, step: int, steps: int) -> None:
        self.track.epoch = self.done + step / steps

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        self.seconds += seconds
        self.done = self.track.epoch = entry["epoch"] + 1

    def end(self, run: Run) -> None:
        config, results = self.recipe.config, run.results
        self.track.seconds += self.seconds
        self.track.epoch = results["epochs"]
        self.track.add(run)
        self.lines.done(
            f"{self.recipe.name} in the {config.hand} hand, seed {config.seed}: "
            f"validation {100 * results['validation']['accuracy']:.2f} %, "
            f"test {100 * results['test']['accuracy']:.2f} %, {self.seconds:.1f} s"
        )


class Board(Lines):
    """Shows all rows at once, each with a bar, on a terminal; it vanishes when the comparison ends.

    Parameters
    ----------
    entries
        The rows of the comparison.
    console
        The terminal.
    """

    def __init__(self, entries: Sequence[Entry], console: Console) -> None:
        super().__init__(entries)
        self.console, self.began = console, time.monotonic()
        self.live = Live(
            console=console,
            get_renderable=self._drawn,
            transient=True,
            refresh_per_second=5,
            redirect_stderr=sys.stderr.isatty(),
        )

    def __enter__(self) -> Board:
        self.live.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.live.stop()
        super().__exit__(*problem)

    def done(self, line: str) -> None:
        # The table says it.
        pass

    def _drawn(self) -> RenderableType:
        now = time.monotonic()
        table = Table(box=None, pad_edge=False, padding=(0, 1), expand=True)
        several = any(track.entry.count > 1 for track in self.tracks)
        # On a narrow terminal a name is cut rather than broken, and the bar gives way first.
        for head in ("network", "hand"):
            table.add_column(head, no_wrap=True, overflow="ellipsis")
        table.add_column("", ratio=1, min_width=6)
        for head in (*(["runs"] if several else []), "epochs", "validation", "test", "training"):
            table.add_column(head, justify="right", no_wrap=True)
        shown, above, below = self._window(self.console.size.height - 4)
        for track in shown:
            cells = track.cells(now)
            table.add_row(*(cells if several else cells[:3] + cells[4:]))
        whole, done = sum(track.entry.count for track in self.tracks), sum(len(track.tests) for track in self.tracks)
        minutes, seconds = divmod(int(now - self.began), 60)
        rest = f"; {above} more above, {below} below" if above or below else ""
        return Group(table, Text(f"{done} of {whole} trainings done, {minutes}:{seconds:02d} so far{rest}"))

    def _window(self, height: int) -> tuple[list[Track], int, int]:
        """Give the rows that the terminal has room for, around the one at work, and how many are above and below."""
        height = max(height, 3)
        if len(self.tracks) <= height:
            return self.tracks, 0, 0
        waiting = (place for place, track in enumerate(self.tracks) if track.share < 1)
        at_work = next(waiting, len(self.tracks))
        first = min(max(at_work - height // 2, 0), len(self.tracks) - height)
        return self.tracks[first : first + height], first, len(self.tracks) - height - first


def board(entries: Sequence[Entry]) -> Lines:
    """Give what suits the terminal: the board where somebody watches, else lines, which no control character spoils."""
    console = Console(markup=False, emoji=False, highlight=False)
    return Board(entries, console) if console.is_interactive else Lines(entries)


def _percent(values: list[float]) -> str:
    return f"{100 * sum(values) / len(values):.2f} %" if values else ""
