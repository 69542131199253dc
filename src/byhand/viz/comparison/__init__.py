"""The report of a comparison: one page with a table and figures, and the figures as files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np

from byhand.compare.predictions import Predictions, most_disputed
from byhand.compare.result import Result
from byhand.data import Digits
from byhand.data.digits import CLASSES
from byhand.metrics.classification import classification_report
from byhand.viz import style
from byhand.viz.comparison import text
from byhand.viz.comparison.disagreements import disagreements, error_rates
from byhand.viz.comparison.trade_offs import against_epochs, against_parameters, against_time, networks, speed
from byhand.viz.comparison_table import COLUMNS, cells
from byhand.viz.page import Link, Page, Row
from byhand.viz.run import environment_rows
from byhand.viz.run.confusion import confusion

PAGE, FIGURES = "report.html", "figures"
DISPUTED = 12
"""Number of digits shown on which networks disagree."""


def write_report(results: Sequence[Result], folder: Path, command: str) -> tuple[Path, Path]:
    """Write the page of a comparison, and its figures as SVG and PNG.

    Parameters
    ----------
    results
        The comparison.
    folder
        Folder for ``report.html`` and ``figures/``; created if missing.
    command
        The command that made the comparison.

    Returns
    -------
    tuple of Path
        The page and the folder of figures.

    Raises
    ------
    ByhandError
        If a file cannot be written.
    """
    figures = draw(results)
    page = page_of(results, figures, folder, command).write(folder / PAGE)
    for name, figure in figures.items():
        style.save(figure, folder / FIGURES / name)
    return page, folder / FIGURES


def draw(results: Sequence[Result]) -> dict[str, style.Figure]:
    """Draw the figures of a comparison by name; without test digits there are only four."""
    figures = {
        "time": against_time(results),
        "epochs": against_epochs(results),
        "parameters": against_parameters(results),
        "speed": speed(results),
    }
    if predictions := _on_same_digits(results):
        figures["misses"] = error_rates(predictions)
        best = predictions[text.best_of([result for result in results if result.name in predictions]).name]
        labels = best.digits.labelled()
        # The reader's network has an eleventh class: not a digit.
        classes = max(CLASSES, int(best.classes.max()) + 1)
        figures["confusion"] = confusion(classification_report(labels, best.classes, classes))
        disputed = most_disputed([one.classes for one in predictions.values()], labels, DISPUTED)
        if len(disputed):
            figures["disputes"] = disagreements(predictions, disputed)
    return figures


def page_of(results: Sequence[Result], figures: Mapping[str, style.Figure], folder: Path, command: str) -> Page:
    """Compose the page that goes into `folder`."""
    page = Page(text.title(results), text.lead(results))
    page.facts(text.facts(results))
    page.section("All in one table")
    heads = [f"{head}, %" if head in ("validation", "test") else head for head in COLUMNS]
    page.table(heads, [_linked(result, folder) for result in results], align="ll" + "r" * (len(COLUMNS) - 2))
    page.text(text.table_notes(results))
    for name, (heading, caption) in text.FIGURES.items():
        if name in figures:
            page.section(heading).figure(figures[name], str(figures[name].get_label()), caption)
    page.section("How it was made", text.made(results, command))
    # One column for each different environment.
    environments = [
        {str(name): str(value) for name, value in environment_rows(run.environment)}
        for result in results
        for run in result.runs
    ]
    columns = [one for index, one in enumerate(environments) if one not in environments[:index]]
    names = dict.fromkeys(name for one in columns for name in one)
    heads = ["", "trained with", *["or with"] * (len(columns) - 1)]
    return page.table(heads, [(name, *(one.get(name, "") for one in columns)) for name in names])


def _linked(result: Result, folder: Path) -> Row:
    """The cells of a result; its name links to the report of its first run, if there is one."""
    report = result.runs[0].folder / PAGE
    name, *others = (cell.removesuffix(" %") for cell in cells(result))
    if not report.exists():
        return name, *others
    # Relative, so that page and runs can be moved together.
    return Link(name, quote(Path(os.path.relpath(report, folder)).as_posix())), *others


def _on_same_digits(results: Sequence[Result]) -> dict[str, Predictions]:
    """The predictions of each network, of those that were tested on the same digits as the first."""
    found = {result.name: result.predictions for result in networks(results) if result.predictions is not None}
    first = next((predictions.digits for predictions in found.values()), None)
    return {name: one for name, one in found.items() if first is not None and _same(one.digits, first)}


def _same(one: Digits, other: Digits) -> bool:
    return one is other or (
        np.array_equal(one.images, other.images) and np.array_equal(one.labelled(), other.labelled())
    )
