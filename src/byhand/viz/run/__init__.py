"""The report of one trained network: how it learned, what it reads well and badly, and how it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from byhand.metrics.evaluation import Evaluation
from byhand.metrics.intervals import wilson_interval
from byhand.training.run import Run
from byhand.viz import structure, style
from byhand.viz.page import Page, Row
from byhand.viz.run.confusion import confusion
from byhand.viz.run.examples import examples
from byhand.viz.run.learning import learning
from byhand.viz.run.reliability import reliability

REPORT = "report.html"
"""The report in a run's folder."""

ERRORS, UNSURE = 16, 8
"""How many errors are shown, and how many correct predictions of least confidence."""

SECTIONS = {
    "learning": (
        "Learning",
        (
            "The training loss is the mean over the batches of an epoch, during which the weights change, so it "
            "can lie above the validation loss, which is measured at the end of the epoch."
        ),
    ),
    "confusion": (
        "Confusion matrix",
        (
            "True digits by row, predicted digits by column. Correct predictions are grey; the more errors of one "
            "kind, the stronger the color."
        ),
    ),
    "mistakes": (
        "Most confident errors",
        (
            "Wrong predictions, the most confident first, with the three most probable classes: the prediction in "
            "vermilion, the true digit in bold and blue."
        ),
    ),
    "unsure": (
        "Least confident correct predictions",
        ("Correct predictions, the least confident first, with the three most probable classes."),
    ),
    "calibration": (
        "Calibration",
        (
            "Left: accuracy by confidence, in bins, with 95 % intervals (Wilson). A calibrated network follows "
            "the diagonal; ECE, the expected calibration error, is the mean distance from it. Right: the number "
            "of predictions in each bin, on a logarithmic scale."
        ),
    ),
    "structure": ("The network", ""),
}
"""Heading and caption of each figure, in the order of the page."""


def report_run(run: Run) -> Path:
    """Write the report of a run, about its test split, into its folder.

    Raises
    ------
    ByhandError
        If the file cannot be written.
    """
    return write_report(run, Evaluation.of(run.network, run.splits().test), "test split", run.folder / REPORT)[0]


def write_report(run: Run, found: Evaluation, which: str, path: Path, figures: Path | None = None) -> list[Path]:
    """Write the report of a network as one HTML file.

    Parameters
    ----------
    run
        The trained network.
    found
        The predictions of the network.
    which
        Name of the digits: ``"test split"``.
    path
        The HTML file.
    figures
        A folder for the figures as SVG and PNG, too.

    Returns
    -------
    list of Path
        The files written, the page first.

    Raises
    ------
    ByhandError
        If a file cannot be written, or the run is damaged.
    """
    drawn = _figures(run, found)
    written = [_page(run, found, which, drawn).write(path)]
    if figures is not None:
        for name, figure in drawn.items():
            written += style.save(figure, figures / name)
    return written


def _figures(run: Run, found: Evaluation) -> dict[str, style.Figure]:
    """Draw the figures by name; those with nothing to show are left out."""
    drawn = {"learning": learning(run.log)} if run.log else {}
    drawn["confusion"] = confusion(found.report)
    if len(errors := found.most_confident_errors(ERRORS)):
        drawn["mistakes"] = examples(found, errors, f"The {len(errors)} most confident errors.")
    if len(unsure := found.least_confident_correct(UNSURE)):
        drawn["unsure"] = examples(found, unsure, f"The {len(unsure)} least confident correct predictions.")
    drawn["calibration"] = reliability(found.calibration)
    drawn["structure"] = structure.draw(run.network.spec, _name(run))
    return drawn


def _page(run: Run, found: Evaluation, which: str, drawn: dict[str, style.Figure]) -> Page:
    page = Page(_title(run), _lead(run, found, which)).facts(_facts(run, found))
    for name, (heading, caption) in SECTIONS.items():
        if name == "confusion":
            page.section("Digit by digit")
            _scores(page, found)
        elif name in drawn:
            page.section(heading, _calibration(found) if name == "calibration" else "")
        if name in drawn:
            page.figure(drawn[name], str(drawn[name].get_label()), caption)
    spec = run.network.spec
    layers: list[Row] = []
    for entry in spec.entries:
        names = ", ".join(f"`{one.name}` {_shape(one.shape)}" for one in entry.own)
        number = sum(one.size for one in entry.own) if entry.own else ""
        layers.append(("\u2003" * entry.depth + entry.title, _shape(entry.after), names, number))
    page.table(("layer", "output", "parameters", "number"), layers, align="lrlr", foot=[("total", "", "", spec.size)])
    page.section("Training", "The recipe:").pre(run.recipe.to_toml().rstrip(), "The recipe as TOML")
    environment = environment_rows(run.environment)
    return page.table(("trained with", "version or kind"), environment) if environment else page


def environment_rows(environment: Mapping[str, Any]) -> list[Row]:
    """Rows of a table of the machine and versions that a run was trained with."""
    rows: list[Row] = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            rows += [(str(name), str(version)) for name, version in value.items()]
        elif key != "source":
            rows.append((key.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return rows


def _name(run: Run) -> str:
    return run.name if run.path is None else run.recipe.name


def _title(run: Run) -> str:
    if run.path is None:
        return f"{run.name}, with the weights that ship with byhand"
    return f"{_name(run)} in the {run.recipe.config.hand} hand"


def _lead(run: Run, found: Evaluation, which: str) -> str:
    """Say what was trained on what, and which digits the page is about."""
    data, digits = run.results.get("data", {}), found.digits
    if run.path is None:
        trained = f"Trained by the recipe {run.recipe.name}."
    elif data:
        validated = f"validated on {data['validation']:,} others" if data["validation"] else "without validation"
        trained = f"Trained on {data['train']:,} digits of {data['name']}, {validated}."
    else:
        trained = "The training is not finished."
    # A whole path would show where the user keeps files.
    source = Path(digits.source)
    name = digits.name if digits.name in (source.name, source.stem) else f"{digits.name} ({source.name})"
    return f"{trained} Evaluated on {len(digits):,} digits: {name}, {which}."


def _facts(run: Run, found: Evaluation) -> list[tuple[str, str]]:
    count, errors = len(found.digits), int((~found.correct).sum())
    low, high = wilson_interval(count - errors, count)
    facts = [
        ("accuracy", style.percent(found.report.accuracy, 2)),
        ("95 % interval", f"{style.percent(low, 1)} to {style.percent(high, 1)}"),
        ("errors", f"{errors:,} of {count:,}"),
        ("loss", f"{found.loss:.4f}"),
        ("calibration error", f"{100 * found.calibration.error:.2f} points"),
        ("parameters", f"{run.network.spec.size:,}"),
    ]
    if run.path is not None:
        unit = "iterations" if run.recipe.config.full_batch else "epochs"
        facts.append(("trained", f"{len(run.log):,} {unit} in {run.seconds:,.1f} s"))
    return facts


def _scores(page: Page, found: Evaluation) -> None:
    """Add precision, recall and F1 of every class, and their averages."""
    report = found.report
    rows: list[Row] = [
        (
            style.class_name(k),
            *(f"{values[k]:.4f}" for values in (report.precision, report.recall, report.f1)),
            int(report.support[k]),
        )
        for k in report.present
    ]
    total = int(report.support.sum())
    foot: list[Row] = [("accuracy", "", "", f"{report.accuracy:.4f}", total)]
    foot += [
        (f"{kind} average", *(f"{value:.4f}" for value in means), total) for kind, means in report.averages.items()
    ]
    page.table(("digit", "precision", "recall", "F1", "support"), rows, align="lrrrr", foot=foot)


def _calibration(found: Evaluation) -> str:
    points = 100 * found.calibration.overconfidence
    if abs(points) < 0.05:
        return "On average, the network's confidence equals its accuracy."
    side = "above" if points > 0 else "below"
    return f"On average, the network's confidence is {abs(points):.2f} points {side} its accuracy."


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
