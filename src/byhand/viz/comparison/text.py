"""The text of a comparison's page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from byhand.compare.result import Result
from byhand.metrics.intervals import wilson_interval
from byhand.viz.comparison.trade_offs import networks
from byhand.viz.comparison_table import accuracy, significant, thousands
from byhand.viz.style import percent

TIME = (
    "Validation accuracy after every epoch, against the seconds of training until then; the mark is the end. Equal "
    "steps up the scale divide the errors by the same factor. Of a network in several hands the first is named and "
    "drawn strongly; the others compute the same function."
)
EPOCHS = (
    "The same accuracies by epoch, of each network in one hand. For full-batch methods an epoch is one step or "
    "iteration, for the others hundreds of steps."
)
PARAMETERS = (
    "Test accuracy against the number of parameters. A convolution uses each of its weights at every position of the "
    "image and a recurrent layer at every row; a linear layer has one weight for every pair of input and output."
)
SPEED = (
    "Training digits a second, each counted once an epoch, and test digits classified a second, timed when this page "
    "was written. A recurrent network takes 28 steps one after another."
)
MISSES = "The percentage of the test digits of each class that a network misclassifies."
DISPUTES = (
    "The test digits with the most different predictions (by entropy, at most two of a class): the label, and what "
    "every network predicts. Wrong predictions are bold and colored."
)
CONFUSION = "Test digits: label by row, prediction by column; errors are colored by their number."
FIGURES = {
    "time": ("Accuracy and training time", TIME),
    "epochs": ("Accuracy and epochs", EPOCHS),
    "parameters": ("Accuracy and parameters", PARAMETERS),
    "speed": ("Speed", SPEED),
    "misses": ("Errors by digit", MISSES),
    "disputes": ("Where they disagree", DISPUTES),
    "confusion": ("Confusions of the best", CONFUSION),
}
"""Heading and caption of every figure, in the order of the page."""


def title(results: Sequence[Result]) -> str:
    """The page's title."""
    count = len(networks(results))
    return "One network, hand by hand" if count == 1 and len(results) > 1 else f"{count} networks compared"


def best_of(results: Sequence[Result]) -> Result:
    """The row with the best mean test accuracy; of equals, the first."""
    return max(results, key=lambda result: result.mean("test")[0])


def lead(results: Sequence[Result]) -> str:
    """The digits, the best row of the table, and which networks were trained for fewer epochs."""
    used = {str(result.runs[0].results["data"]): result.runs[0].results["data"] for result in results}
    parts = [
        f"{data['name']}: {data['train']:,} digits for training, {data['validation']:,} for validation, "
        f"{data['test']:,} for testing"
        for data in used.values()
    ]
    best = best_of(results)
    text = f"{'; '.join(parts)}. Best on the test digits: {row_name(best, results)}, {accuracy(best, 'test')}."
    fewer = {
        result.name: f"{result.name} ({result.epochs} of {result.replaced['epochs']})"
        for result in results
        if result.replaced.get("epochs", 0) > result.epochs
    }
    return f"{text} Trained for fewer epochs than their recipes say: {', '.join(fewer.values())}." if fewer else text


def row_name(result: Result, results: Sequence[Result]) -> str:
    """The name of a row, with its hand if there are several of this network."""
    several = sum(other.name == result.name for other in results) > 1
    return f"{result.name} in the {result.hand} hand" if several else result.name


def facts(results: Sequence[Result]) -> list[tuple[str, str]]:
    """The most important numbers."""
    best = best_of(results)
    smallest = min(networks(results), key=lambda result: result.parameters)
    quickest = min(results, key=lambda result: result.seconds)
    found = [
        (f"best: {row_name(best, results)}", accuracy(best, "test")),
        (f"fewest parameters: {smallest.name}", f"{smallest.parameters:,}"),
        (f"least training: {quickest.name}, {quickest.hand}", f"{significant(quickest.seconds)} s"),
    ]
    timed = [result for result in results if not math.isnan(result.prediction_rate)]
    if timed:
        fastest = max(timed, key=lambda result: result.prediction_rate)
        rate = f"{thousands(fastest.prediction_rate)} digits a second"
        found.append((f"fastest prediction: {fastest.name}, {fastest.hand}", rate))
    return found


def made(results: Sequence[Result], command: str) -> str:
    """The command, and how long all runs took."""
    runs = {run.folder: run for result in results for run in result.runs}.values()
    total = significant(sum(run.seconds for run in runs))
    return f"Written by `{command}`. All {len(runs)} runs together took {total} seconds of training."


def table_notes(results: Sequence[Result]) -> str:
    """What the columns mean, how far to trust the accuracies, and which settings are not the recipes'."""
    columns = (
        "`s to train` is the time of training alone, without validation; `s to final` the time until the validation "
        "accuracy first came within 0.1 points of the final one. `trained/s` counts training digits, each once an "
        "epoch; `read/s` test digits."
    )
    notes = [columns]
    if any(len(result.runs) > 1 for result in results):
        notes.append("Accuracies are means over the seeds with their 95 % interval (Student's t); times are means.")
    single = [result for result in results if len(result.runs) == 1]
    if single:
        highest, count = max((result.mean("test")[0], result.runs[0].results["data"]["test"]) for result in single)
        low, high = wilson_interval(round(highest * count), count)
        notes.append(
            "With one seed there is no interval: another seed gives another accuracy, and for an accuracy of "
            f"{percent(highest, 0)} on {count:,} test digits the 95 % interval is {50 * (high - low):.1f} points "
            "either way (Wilson)."
        )
    replaced = {result.name: replaced_settings(result) for result in results if result.replaced}
    if replaced:
        changes = "; ".join(f"{name}: {changed}" for name, changed in replaced.items())
        notes.append(f"\n\nNot trained as the recipes say: {changes}. `byhand compare --full` trains as they say.")
    return " ".join(notes)


def replaced_settings(result: Result) -> str:
    """The settings that differ from the recipe's, as text: ``epochs 5 (its recipe: 50)``."""
    return ", ".join(
        f"{key} {getattr(result.recipe.config, key)} (its recipe: {value})" for key, value in result.replaced.items()
    )
