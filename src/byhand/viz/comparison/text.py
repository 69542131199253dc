"""What the page of a comparison says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from byhand.compare.entry import Row
from byhand.metrics.intervals import wilson_interval
from byhand.viz.comparison.axes import networks
from byhand.viz.comparison_table import percent, significant, thousands

TIME = (
    "Validation accuracy after every epoch against the seconds trained until then, measuring left out; the large mark "
    "is the end. Up the scale, equal steps divide the mistakes by the same number. A line further left took less time."
)
EPOCHS = (
    "The same accuracies by epochs, of every network in one hand: the others start from the same weights, compute the "
    "same function and differ by roundings, which long trainings amplify. For full-batch methods an epoch is one step "
    "or iteration, for the others hundreds of steps."
)
PARAMETERS = (
    "Test accuracy against how many values a network learns. A convolution uses its values at every place of the "
    "picture and a recurrence at every row; a linear layer has one for every pair of what enters and what leaves it."
)
SPEED = (
    "Training counts every digit once an epoch; reading is of test digits, when this page was written. A recurrent "
    "network takes 28 steps one after another, which no single product of matrices does."
)
MISSES = "Share of the test digits of each class that a network reads wrongly."
DISPUTES = (
    "The test digits with the most different answers (by entropy, at most two of a class): what they are, and what "
    "every network answers. Wrong answers are bold on colour."
)
CONFUSION = "Test digits: truth by row, answer by column; mistakes are coloured by their number."


def title(rows: Sequence[Row]) -> str:
    """What the page is called."""
    count = len(networks(rows))
    return "One network, hand by hand" if count == 1 and len(rows) > 1 else f"{count} networks compared"


def best_of(rows: Sequence[Row]) -> Row:
    """Give the row of the network with the best mean test accuracy, in its first hand."""
    return max(networks(rows), key=lambda row: row.mean("test")[0])


def lead(rows: Sequence[Row]) -> str:
    """What was trained on, and which came out best."""
    trained_on = {str(row.runs[0].results["data"]): row.runs[0].results["data"] for row in rows}
    parts = [
        f"{data['name']}: {data['train']:,} digits to train, {data['validation']:,} to validate, "
        f"{data['test']:,} to test"
        for data in trained_on.values()
    ]
    best = best_of(rows)
    return f"{'; '.join(parts)}. Best on the test digits: {best.name}, {percent(*best.mean('test'))}."


def facts(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """The numbers that matter most."""
    best = best_of(rows)
    smallest = min(networks(rows), key=lambda row: row.parameters)
    quickest = min(rows, key=lambda row: row.seconds)
    reads = [row for row in rows if not math.isnan(row.reading_rate)]
    told = [
        (f"best: {best.name}", percent(*best.mean("test"))),
        (f"fewest parameters: {smallest.name}", f"{smallest.parameters:,}"),
        (f"least training: {quickest.name}, {quickest.hand}", f"{significant(quickest.seconds)} s"),
    ]
    if reads:
        fastest = max(reads, key=lambda row: row.reading_rate)
        told.append((f"reads fastest: {fastest.name}, {fastest.hand}", f"{thousands(fastest.reading_rate)} a second"))
    return told


def made(rows: Sequence[Row], command: str) -> str:
    """How the comparison came about."""
    runs = {run.path: run for row in rows for run in row.runs}.values()
    total = sum(run.seconds for run in runs)
    return f"Written by `{command}`. All {len(runs)} trainings together took {significant(total)} seconds."


def explained(rows: Sequence[Row]) -> str:
    """What the table's columns mean, and where a training is not its recipe's."""
    told = (
        "`s to train` are seconds of training alone, without measuring; `s to final` those until the validation "
        "accuracy first came within 0.1 points of the one at the end. `trained/s` counts digits, each once an epoch; "
        "`read/s` the test digits. "
    )
    if any(len(row.runs) > 1 for row in rows):
        told += (
            "Accuracies are means over the seeds with the 95 % interval of the mean (Student's t); times are means. "
        )
    if any(len(row.runs) == 1 for row in rows):
        row = max((row for row in rows if len(row.runs) == 1), key=lambda row: row.mean("test")[0])
        best, count = row.mean("test")[0], row.runs[0].results["data"]["test"]
        low, high = wilson_interval(round(best * count), count)
        open_by = (high - low) / 2
        told += (
            f"A row of one seed has no interval: another seed gives another accuracy, and {count:,} test digits "
            f"leave one near {100 * best:.0f} % open by {100 * open_by:.1f} points either way. "
        )
    others = {
        row.name: f"{row.name} trained {row.epochs} epochs, its recipe says {row.whole}" for row in rows if row.whole
    }
    if others:
        told += f"\n\nNot trained as their recipes say: {'; '.join(others.values())}. `byhand compare --full` does."
    return told
