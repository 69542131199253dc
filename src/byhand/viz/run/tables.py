"""The words and tables of a run's report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from byhand.data import Digits
from byhand.metrics.calibration import Calibration
from byhand.metrics.classification import Report
from byhand.models.spec import Spec
from byhand.training.run import Run
from byhand.viz.page import Row
from byhand.viz.style import class_name

LEARNING = (
    "The training loss is the mean over an epoch's batches while the weights still changed, so it can lie above the "
    "validation loss, which is measured when the epoch is over."
)
CONFUSION = (
    "A row is what the digits are, a column what they were read as. Right answers are grey; the more mistakes of one "
    "kind, the stronger the colour."
)
MISTAKES = (
    "Wrong answers in the order of the network's confidence, with its three most probable classes: the answer in "
    "orange, the truth in bold and blue."
)
UNSURE = "Right answers in the order of least confidence, with the three most probable classes."
CALIBRATION = (
    "Left: answers in bins of their confidence; where the network is calibrated, as many of them are right as it was "
    "confident. Lines are 95 % intervals (Wilson). ECE is the expected calibration error, the mean distance from the "
    "diagonal. Right: how many answers lie in each bin, on a logarithmic scale."
)
REPORT_HEADS = ("digit", "precision", "recall", "F1", "support")
LAYER_HEADS = ("layer", "output", "learns", "parameters")


def name_of(run: Run) -> str:
    """The name of the recipe, or of shipped weights."""
    return run.name if run.path is None else run.recipe.name


def title(run: Run) -> str:
    """The page's heading."""
    if run.path is None:
        return f"{run.name}, with the weights that come with byhand"
    return f"{name_of(run)} in the {run.recipe.config.hand} hand"


def lead(run: Run, digits: Digits, which: str) -> str:
    """Say what was trained on what, and which digits the page speaks of."""
    if run.path is None:
        told = f"Trained by the recipe {run.recipe.name}."
    else:
        data = run.results.get("data", {})
        told = (
            f"Trained on {data['train']:,} digits of {data['name']}, watched on {data['validation']:,} others."
            if data
            else "Not trained to its end yet."
        )
    # A path tells where somebody keeps their files.
    source = Path(digits.source)
    where = digits.name if digits.name in (source.name, source.stem) else f"{digits.name} ({source.name})"
    return f"{told} What follows was measured on {len(digits):,} digits: {where}, {which}."


def report_rows(report: Report) -> list[Row]:
    """Precision, recall and F1 of every class that is there."""
    return [
        (class_name(k), *(f"{values[k]:.4f}" for values in (report.precision, report.recall, report.f1)), n)
        for k, n in ((k, int(report.support[k])) for k in report.present)
    ]


def report_averages(report: Report) -> list[Row]:
    """The last rows of the table: accuracy, plain and weighted means."""
    total = int(report.support.sum())
    rows: list[Row] = [("accuracy", "", "", f"{report.accuracy:.4f}", total)]
    for kind, values in report.averages.items():
        rows.append((f"{kind} average", *(f"{value:.4f}" for value in values), total))
    return rows


def claims(found: Calibration) -> str:
    """Say whether the network claims too much."""
    if abs(found.overconfidence) < 0.0005:
        return "On average the network is as often right as it is confident."
    more = "more" if found.overconfidence > 0 else "less"
    return (
        f"On average the network's confidence is {abs(100 * found.overconfidence):.2f} points {more} than its accuracy."
    )


def layer_rows(spec: Spec) -> list[Row]:
    """A row for every layer: what it is, the shape that leaves it, and what it learns."""
    rows: list[Row] = []
    for layer, shape, learnt in zip(spec.layers, spec.shapes[1:], spec.layer_parameters, strict=True):
        names = ", ".join(f"`{one.name}` {_shape(one.shape)}" for one in learnt)
        count = sum(one.size for one in learnt)
        rows.append((layer.title(), _shape(shape), names, count if learnt else ""))
    return rows


def environment_rows(environment: Mapping[str, Any]) -> list[Row]:
    """What a run was computed on."""
    rows: list[Row] = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            rows += [(str(name), str(of)) for name, of in value.items()]
        elif key != "source":
            rows.append((key.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return rows


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
