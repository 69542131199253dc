"""The terminal: data sizes, the parameter table, a line for each epoch, and a progress bar on a terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from byhand.models.spec import Spec
from byhand.training.callbacks import Callback, Callbacks
from byhand.training.run import Run
from byhand.viz.style import percent


class Terminal(Callback):
    """Prints a run while it is trained; notes go to the error stream."""

    def __init__(self) -> None:
        self.console = Console()
        self.bar: Progress | None = None
        self.epochs = 1

    def note(self, sentence: str) -> None:
        print(f"byhand: {sentence}", file=sys.stderr)

    def begin(self, run: Run, accuracy: float) -> None:
        splits, network = run.splits(), run.network
        self.epochs = run.recipe.config.epochs
        train, validation, test = splits.sizes
        # Why they are not MNIST has been said.
        source = splits.source.partition(", because ")[0]
        print(f"Data: {splits.name} ({source}): {train:,} to train, {validation:,} to validate, {test:,} to test")
        threads = run.environment.get("threads", 0)
        where = f" on {run.environment['device']} with {counted(threads, 'thread')}" if threads else ""
        print(f"Network in the {network.hand} hand, {network.dtype}{where}, loss {network.spec.loss}:")
        print_table(parameter_table(network.spec))
        if run.log:
            last = run.log[-1].get("val_accuracy")
            reached = "" if last is None else f", validation accuracy {percent(last, 2)}"
            print(f"Resumed after {counted(len(run.log), 'epoch')} of {self.epochs}{reached}")
        elif not math.isnan(accuracy):
            print(f"Accuracy before training: {percent(accuracy, 2)}")
        if self.console.is_terminal:
            self.bar = Progress(
                TextColumn("epoch {task.fields[epoch]}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("steps,"),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            self.task = self.bar.add_task("", epoch=min(len(run.log) + 1, self.epochs))
            self.bar.start()

    def step(self, step: int, steps: int) -> None:
        if self.bar is not None:
            self.bar.update(self.task, completed=step, total=steps)

    def loss(self, step: int, steps: int, loss: float) -> None:
        self._print(f"Step {step:>{len(str(steps))}}/{steps} | loss {loss:.4f}")

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        width = self.console.width if self.console.is_terminal else None
        self._print(epoch_line(entry, seconds, self.epochs, datetime.now().astimezone(), width))
        if self.bar is not None:
            self.bar.update(self.task, completed=0, epoch=min(entry["epoch"] + 2, self.epochs))

    def _print(self, line: str) -> None:
        if self.bar is None:
            print(line, flush=True)
        else:
            self.bar.console.print(line, highlight=False, soft_wrap=True)

    def end(self, run: Run) -> None:
        self.close()
        results = run.results
        if results["stopped_early"]:
            print("Stopped early: the validation loss no longer falls; the best weights are kept.")
        test = percent(results["test"]["accuracy"], 2)
        if "validation" in results:
            print(f"Validation accuracy: {percent(results['validation']['accuracy'], 2)}, test accuracy: {test}")
        else:
            print(f"Test accuracy: {test}")
        print(f"Training time: {seconds_text(run.seconds)} for {counted(len(run.times), 'epoch')}")

    def close(self) -> None:
        """Remove the progress bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def counted(count: int, noun: str) -> str:
    """Format a number of things: ``"1 epoch"``, ``"2 epochs"``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def seconds_text(seconds: float) -> str:
    """Format a time: ``"28.11 s"``, ``"3 min 5 s"``, ``"2 h 7 min"``."""
    if seconds < 100:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def displaying(show: bool, tensorboard: bool) -> Iterator[Callback]:
    """Yield a callback for the terminal, TensorBoard, both or neither; closed when the block ends.

    Raises
    ------
    ByhandError
        If `tensorboard` is true and tensorboardX is not installed.
    """
    displays: list[Any] = [Terminal()] if show else []
    if tensorboard:
        from byhand.viz.tensorboard import TensorBoard

        displays.append(TensorBoard())
    try:
        yield Callbacks(displays)
    finally:
        for display in displays:
            display.close()


def epoch_line(entry: dict[str, Any], seconds: float, epochs: int, now: datetime, width: int | None = None) -> str:
    """Format the measurements of an epoch as one line.

    Parameters
    ----------
    entry, seconds
        The epoch's log entry, and how long it took.
    epochs
        The number of epochs of the run.
    now
        The time of day.
    width
        Columns of the terminal; a line that is longer is shortened to fit into 80.

    Returns
    -------
    str
        ``Epoch: [ 1/50] | Train Loss: 0.5393 | Val Loss: 0.4021 | Accuracy: 90.50 % | Train Accuracy: 91.20 % |
        LR: 0.0095 | Time: 28.11 s | Now: ...``, or
        ``Epoch  1/50 | train 0.5393 91.20 % | val 0.4021 90.50 % | lr 0.0095 | 28.11 s``
    """
    lr = "line search" if entry["lr"] is None else f"{entry['lr']:.3g}"
    number = f"{entry['epoch'] + 1:>{len(str(epochs))}}/{epochs}"
    accuracies = {split: entry.get(f"{split}_accuracy") for split in ("train", "val", "test")}
    percents = {split: percent(value, 2) for split, value in accuracies.items() if value is not None}
    validated = f" | Val Loss: {entry['val_loss']:.4f} | Accuracy: {percents['val']}" if "val" in percents else ""
    others = "".join(
        f" | {split.title()} Accuracy: {percents[split]}" for split in ("train", "test") if split in percents
    )
    line = (
        f"Epoch: [{number}] | Train Loss: {entry['train_loss']:.4f}{validated}{others} | LR: {lr} | "
        f"Time: {seconds:.2f} s | Now: {now:%Y-%m-%d %H:%M:%S}"
    )
    if width is None or len(line) <= width:
        return line
    # With three splits there is no room for all losses and the rate.
    all_three = len(percents) == len(accuracies)
    losses = {split: f" {entry[f'{split}_loss']:.4f}" for split in percents if split == "val" or not all_three}
    parts = [f"{split}{losses.get(split, '')} {percent}" for split, percent in percents.items()]
    return " | ".join([f"Epoch {number}", *parts, *([] if all_three else [f"lr {lr}"]), f"{seconds:.2f} s"])


def parameter_table(spec: Spec) -> Table:
    """Tabulate a network: layer, output shape, parameters, and their total; layers inside others are indented."""
    rows = []
    for entry in spec.entries:
        count = sum(parameter.size for parameter in entry.own)
        title, shape = "  " * entry.depth + entry.title, " x ".join(map(str, entry.after))
        rows.append((title, shape, f"{count:,}" if count else ""))
    made = table(("layer", "output", "parameters"), rows, names=1)
    made.show_footer = True
    made.columns[0].footer, made.columns[2].footer = "total", f"{spec.size:,}"
    return made


def table(heads: Sequence[str], rows: Iterable[Sequence[RenderableType]], names: int = 2) -> Table:
    """Make a table without lines whose first columns are names and whose others are numbers, on the right."""
    made = Table(box=None, pad_edge=False)
    for index, head in enumerate(heads):
        made.add_column(head, justify="left" if index < names else "right")
    for row in rows:
        made.add_row(*row)
    return made


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> list[str]:
    """Make the lines of a Markdown table; `align` has a letter for each column, ``l`` or ``r``."""
    sides = "|".join("--:" if side == "r" else "---" for side in align)
    return [f"| {' | '.join(heads)} |", f"|{sides}|", *(f"| {' | '.join(row)} |" for row in rows)]


def print_table(shown: Table) -> None:
    """Print a table; output that is not a terminal gets whole lines."""
    # Brackets in names are not markup.
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(width=200, markup=False, emoji=False)
    console.print(shown)
