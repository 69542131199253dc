"""The report of a comparison: one page with a table and figures, and the figures as files beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from byhand.compare.entry import Row
from byhand.compare.predictions import Answers, disputed
from byhand.data.digits import CLASSES
from byhand.metrics.classification import classification_report
from byhand.viz import style
from byhand.viz.comparison import text as words
from byhand.viz.comparison.axes import networks
from byhand.viz.comparison.disagreements import Read, disputes, misses
from byhand.viz.comparison.throughput import speed
from byhand.viz.comparison.trade_offs import against_epochs, against_parameters, against_time
from byhand.viz.comparison_table import SHOWN, shown
from byhand.viz.page import Link, Page
from byhand.viz.page import Row as Cells
from byhand.viz.run.confusion import confusion
from byhand.viz.run.tables import environment_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE, FIGURES = "report.html", "figures"
DISPUTED = 12
"""How many digits are shown that networks disagree about."""


def write_report(rows: Sequence[Row], folder: Path, command: str) -> tuple[Path, Path]:
    """Write the page of a comparison and its figures as SVG and PNG.

    Parameters
    ----------
    rows
        What was compared.
    folder
        Where ``report.html`` and ``figures/`` go; made when missing.
    command
        The command that compared it.

    Returns
    -------
    tuple of Path
        The page and the folder of figures.

    Raises
    ------
    ByhandError
        If a file cannot be written.
    """
    drawn = drawings(rows)
    page = page_of(rows, drawn, folder, command).write(folder / PAGE)
    for name, figure in drawn.items():
        style.save(figure, folder / FIGURES / name)
    return page, folder / FIGURES


def drawings(rows: Sequence[Row]) -> dict[str, Figure]:
    """Draw the figures of a comparison by name; those of which there is nothing to show are left out."""
    drawn = {"time": against_time(rows), "epochs": against_epochs(rows), "parameters": against_parameters(rows)}
    drawn["speed"] = speed(rows)
    if read := _read(rows):
        drawn["misses"] = misses(read)
        best = _best(rows)[1]
        # The reader's network has an eleventh answer: no digit.
        classes = max(CLASSES, int(best.given.max()) + 1)
        drawn["confusion"] = confusion(classification_report(best.digits.labelled(), best.given, classes))
    if len(read) > 1:
        labels = read[0][1].digits.labelled()
        if len(places := disputed([answers.given for _, answers in read], labels, DISPUTED)):
            drawn["disputes"] = disputes(read, places)
    return drawn


def page_of(rows: Sequence[Row], drawn: dict[str, Figure], folder: Path, command: str) -> Page:
    """Write a comparison as a page that lies in `folder`, with its figures by name."""
    page = Page(words.title(rows), words.lead(rows))
    page.facts(words.facts(rows))
    page.section("All in one table")
    heads = [f"{head}, %" if head in ("validation", "test") else head for head in SHOWN]
    page.table(heads, [_cells(row, folder) for row in rows], align="ll" + "r" * (len(SHOWN) - 2))
    page.text(words.explained(rows))

    def show(name: str, heading: str, text: str) -> None:
        if name in drawn:
            page.section(heading).figure(drawn[name], str(drawn[name].get_label()), text)

    show("time", "What time buys", words.TIME)
    show("epochs", "How they learn", words.EPOCHS)
    show("parameters", "What parameters buy", words.PARAMETERS)
    show("speed", "How fast they are", words.SPEED)
    show("misses", "Which digits they miss", words.MISSES)
    show("disputes", "Where they disagree", words.DISPUTES)
    if "confusion" in drawn:
        show("confusion", f"What {_best(rows)[0]} confuses", words.CONFUSION)
    page.section("How it was made", words.made(rows, command))
    with_these = {str(run.environment): run.environment for row in rows for run in row.runs}.values()
    # One column for all that was the same, whatever the digits' place was.
    made = {str(cells): {str(name): of for name, of in cells} for cells in map(environment_rows, with_these)}
    heads = ["", "trained with", *["or with"] * (len(made) - 1)]
    names = list(dict.fromkeys(name for one in made.values() for name in one))
    return page.table(heads, [(name, *(one.get(name, "") for one in made.values())) for name in names])


def _cells(row: Row, folder: Path) -> Cells:
    """The cells of a row, whose name leads to the report of its first run where there is one."""
    report = row.runs[0].folder / PAGE
    name, *others = (cell.removesuffix(" %") for cell in shown(row))
    if not report.exists():
        return name, *others
    # As the page's place has it, so that both may be moved together.
    return Link(name, quote(Path(os.path.relpath(report, folder)).as_posix())), *others


def _read(rows: Sequence[Row]) -> list[Read]:
    """Give the networks that have read the same test digits as the first that read any, each in one hand."""
    read = [(row.name, row.answers) for row in networks(rows) if row.answers is not None]
    return [
        (name, answers) for name, answers in read if answers.digits is read[0][1].digits or _same(answers, read[0][1])
    ]


def _best(rows: Sequence[Row]) -> Read:
    """Give the best network of those that have read the same test digits."""
    names = dict(_read(rows))
    row = words.best_of([row for row in networks(rows) if row.name in names])
    return row.name, names[row.name]


def _same(one: Answers, other: Answers) -> bool:
    return np.array_equal(one.digits.images, other.digits.images) and np.array_equal(
        one.digits.labelled(), other.digits.labelled()
    )
