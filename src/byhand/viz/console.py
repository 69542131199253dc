"""The terminal: data sizes, the parameter table, a line for each epoch, and a progress bar on a terminal."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from byhand.models.spec import Spec
from byhand.training.callbacks import Callback
from byhand.training.run import Run


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
        print(
            f"Data: {splits.name} ({splits.source}): {train:,} to train, {validation:,} to validate, {test:,} to test"
        )
        print(f"Network in the {network.hand} hand, {network.dtype}, loss {network.spec.loss}:")
        print_table(parameter_table(network.spec))
        print(f"Accuracy before training: {100 * accuracy:.2f} %")
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
            self.task = self.bar.add_task("", epoch=0)
            self.bar.start()

    def step(self, step: int, steps: int) -> None:
        if self.bar is not None:
            self.bar.update(self.task, completed=step, total=steps)

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        line = epoch_line(entry, seconds, self.epochs, datetime.now().astimezone())
        if self.bar is None:
            print(line, flush=True)
        else:
            self.bar.console.print(line, highlight=False, soft_wrap=True)
            self.bar.update(self.task, completed=0, epoch=entry["epoch"] + 1)

    def end(self, run: Run) -> None:
        self.close()
        results = run.results
        if results["stopped_early"]:
            print("Stopped early: the validation loss no longer falls; the best weights are kept.")
        print(
            f"Validation accuracy: {100 * results['validation']['accuracy']:.2f} %, "
            f"test accuracy: {100 * results['test']['accuracy']:.2f} %"
        )

    def close(self) -> None:
        """Remove the progress bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def epoch_line(entry: dict[str, Any], seconds: float, epochs: int, now: datetime) -> str:
    """Format the measurements of an epoch as one line.

    Returns
    -------
    str
        ``Epoch: [ 0/50] | Train Loss: 0.5393 | Val Loss: 0.4021 | Accuracy: 90.50 % | LR: 0.00950 | Time: 28.11 s |
        Now: ...``
    """
    lr = "line search" if entry["lr"] is None else f"{entry['lr']:.5f}"
    watched = f" | Test Accuracy: {100 * entry['test_accuracy']:.2f} %" if "test_accuracy" in entry else ""
    return (
        f"Epoch: [{entry['epoch']:>{len(str(epochs))}}/{epochs}] | Train Loss: {entry['train_loss']:.4f} | "
        f"Val Loss: {entry['val_loss']:.4f} | Accuracy: {100 * entry['val_accuracy']:.2f} %{watched} | LR: {lr} | "
        f"Time: {seconds:.2f} s | Now: {now:%Y-%m-%d %H:%M:%S}"
    )


def parameter_table(spec: Spec) -> Table:
    """Tabulate a network: layer, output shape, parameters, and their total."""
    table = Table("layer", "output", "parameters", box=None, pad_edge=False, show_footer=True)
    table.columns[0].footer = "total"
    table.columns[2].footer = f"{spec.size:,}"
    for column in (1, 2):
        table.columns[column].justify = "right"
    for layer, shape, learnt in zip(spec.layers, spec.shapes[1:], spec.layer_parameters, strict=True):
        count = sum(parameter.size for parameter in learnt)
        table.add_row(layer.title(), " x ".join(map(str, shape)), f"{count:,}" if count else "")
    return table


def print_table(table: Table) -> None:
    """Print a table; output that is not a terminal gets whole lines."""
    # Brackets in names are not markup.
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(width=200, markup=False, emoji=False)
    console.print(table)
