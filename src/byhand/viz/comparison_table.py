"""The table of a comparison: on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from byhand.compare.entry import Row
from byhand.io import write_json, write_text
from byhand.viz.console import print_table

EXPLAINED = (
    "Accuracies are means over the seeds with the 95 % interval of the mean (Student's t); a row of one seed has none, "
    "and one accuracy on 10,000 digits has a standard deviation of about 0.1 points. Seconds are training alone: of an "
    "epoch the median, of a run the mean. *Ratio* is what an epoch of the project's own code took on two cores, over "
    "ours."
)
HEADS = ("network", "hand", "parameters", "epochs", "validation", "test", "s an epoch", "s to train")


def cells(row: Row) -> tuple[str, ...]:
    """One row of the written table as text, in the order of `HEADS`."""
    return (
        row.name,
        row.hand,
        f"{row.parameters:,}",
        f"{row.epochs}",
        percent(*row.mean("validation")),
        percent(*row.mean("test")),
        significant(row.epoch_seconds),
        significant(row.seconds),
    )


def percent(mean: float, half: float) -> str:
    """An accuracy in percent, with its interval where there is one: ``97.31 ± 0.12 %``."""
    return f"{100 * mean:.2f} %" if math.isnan(half) else f"{100 * mean:.2f} ± {100 * half:.2f} %"


def significant(seconds: float) -> str:
    """Seconds in three digits that count."""
    return f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"


def rates(row: Row) -> tuple[str, ...]:
    """Seconds to train and to the final accuracy, and digits a second when training and reading."""
    reading = "" if math.isnan(row.reading_rate) else thousands(row.reading_rate)
    return significant(row.seconds), significant(row.final_seconds), thousands(row.rate), reading


def thousands(rate: float) -> str:
    """A rate in three digits that count: ``134,000``."""
    return f"{round(rate, 2 - math.floor(math.log10(rate))):,.0f}"


def trained(row: Row) -> str:
    """How many epochs, and how many the recipe has by itself where these are others."""
    return f"{row.epochs} of {row.whole}" if row.whole > row.epochs else f"{row.epochs}"


SHOWN = (
    *("network", "hand", "parameters", "epochs", "validation", "test"),
    *("s to train", "s to final", "trained/s", "read/s"),
)


def shown(row: Row) -> tuple[str, ...]:
    """One row of the table that a comparison ends with, in the order of `SHOWN`."""
    accuracies = (percent(*row.mean(part)) for part in ("validation", "test"))
    return row.name, row.hand, f"{row.parameters:,}", trained(row), *accuracies, *rates(row)


def print_comparison(rows: list[Row]) -> None:
    """Print a comparison: one table, or where the terminal is too narrow for it, accuracies and then times."""
    cells = [shown(row) for row in rows]
    console = Console()
    whole = _table(range(len(SHOWN)), cells)
    wide = Measurement.get(console, console.options.update(max_width=1000), whole).maximum
    if not console.is_terminal or wide <= console.width:
        print_table(whole)
        return
    print_table(_table(range(6), cells))
    print()
    print_table(_table((0, 1, *range(6, len(SHOWN))), cells))


def _table(columns: Iterable[int], cells: list[tuple[str, ...]]) -> Table:
    columns = list(columns)
    table = Table(*(SHOWN[column] for column in columns), box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for row in cells:
        table.add_row(*(row[column] for column in columns))
    return table


def write_results(rows: list[Row], folder: Path, command: str) -> tuple[Path, Path]:
    """Write ``recipes.md`` and ``recipes.json``: the table, how it was made, and on what.

    Returns
    -------
    tuple of Path
        The two files.
    """
    data = {
        "command": command,
        "rows": [row.to_dict() for row in rows],
    }
    tables, numbers = folder / "recipes.md", folder / "recipes.json"
    write_json(numbers, data)
    write_text(tables, "\n".join(_markdown(rows, command)) + "\n")
    return tables, numbers


def _markdown(rows: list[Row], command: str) -> list[str]:
    used = rows[0].runs[0].results["data"]
    machines = list(dict.fromkeys(_machine(run.environment) for row in rows for run in row.runs))
    heads = (*HEADS[:4], "seeds", *HEADS[4:6], "threads", *HEADS[6:])
    lines = [
        "# The recipes, measured",
        "",
        *textwrap.wrap(
            f"Written by `{command}`; not edited by hand. {used['name']}: {used['train']:,} digits to train, "
            f"{used['validation']:,} to validate, {used['test']:,} to test. {' And: '.join(machines)}",
            118,
        ),
        "",
        *textwrap.wrap(EXPLAINED, 118),
        "",
        f"| {' | '.join(heads)} | project states | ratio |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|",
    ]
    for row in rows:
        name, hand, parameters, epochs, validation, test, epoch_seconds, seconds = cells(row)
        theirs = row.recipe.project.get("epoch_seconds", 0.0)
        ratio = f"{theirs / row.epoch_seconds:.1f}" if theirs else ""
        # A bar would divide the cell.
        states = row.recipe.project.get("states", "").replace("|", "\\|")
        threads = "/".join(sorted({str(run.environment["threads"]) for run in row.runs}))
        first_five = (name, hand, parameters, epochs, str(len(row.runs)))
        entries = (*first_five, validation, test, threads, epoch_seconds, seconds, states, ratio)
        lines.append(f"| {' | '.join(entries)} |")
    curves = [(row, *curve) for row in rows if len(row.runs) > 1 for curve in _curves(row)]
    if curves:
        lines += ["", "## Accuracy (%) after the first epochs, mean over the seeds", ""]
        lines += ["| network | hand | digits | 1 | 2 | 3 | last |", "|---|---|---|--:|--:|--:|--:|"]
        for row, part, curve in curves:
            head = [*curve[:3], "", ""][:3]
            lines.append(f"| {row.name} | {row.hand} | {part} | {' | '.join(head)} | {curve[-1]} |")
    for row in rows:
        if row.grid:
            lines += ["", f"## The grid of {row.name}", "", *grid_lines(row)]
    return lines


def _machine(environment: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return f"{environment['processor']}, {', '.join(environment['linear_algebra'])}; {versions}."


def _curves(row: Row) -> list[tuple[str, list[str]]]:
    """Accuracies by epoch as text: on the validation digits and, where they were watched, on the test digits."""
    curves = [(part, row.curve(f"{short}_accuracy")) for part, short in (("validation", "val"), ("test", "test"))]
    return [(part, [f"{100 * value:.2f}" for value in curve]) for part, curve in curves if len(curve) > 1]


def grid_lines(row: Row) -> list[str]:
    """Validation accuracy over two swept settings, or of every variant in a line where another number was swept."""
    swept = [key for key in row.grid[0] if key not in ("validation", "test")]
    variants = [tuple(_said(entry[key]) for key in swept) for entry in row.grid]
    reached = [f"{100 * entry['validation']:.2f}" for entry in row.grid]
    # The first of equals is the one that was chosen.
    best = max(range(len(reached)), key=lambda place: row.grid[place]["validation"])
    reached[best] = f"**{reached[best]}**"
    if len(swept) != 2:
        lines = ["Validation accuracy (%) of every variant.", "", f"| {' | '.join(swept)} | validation |"]
        lines += [f"|{'--:|' * (len(swept) + 1)}"]
        return lines + [f"| {' | '.join((*variant, at))} |" for variant, at in zip(variants, reached, strict=True)]
    found = dict(zip(variants, reached, strict=True))
    down, across = (list(dict.fromkeys(values)) for values in zip(*variants, strict=True))
    lines = [f"Validation accuracy (%) by {swept[0]} (down) and {swept[1]} (across).", ""]
    lines += [f"| | {' | '.join(across)} |", f"|--:|{'--:|' * len(across)}"]
    return lines + [f"| {value} | {' | '.join(found[value, other] for other in across)} |" for value in down]


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(_said, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
