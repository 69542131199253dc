"""The table of a comparison: on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

from rich.table import Table

from byhand.files import write_json, write_text
from byhand.measure.comparison import Row

EXPLAINED = (
    "Accuracies are means over the seeds with the 95 % interval of the mean (Student's t); a row of one seed has none, "
    "and one accuracy on 10,000 digits has a standard deviation of about 0.1 points. Seconds are training alone: of an "
    "epoch the median, of a run the mean. *Ratio* is what an epoch of the project's own code took on two cores, over "
    "ours."
)
HEADS = ("network", "hand", "parameters", "epochs", "validation", "test", "s an epoch", "s to train")


def cells(row: Row) -> tuple[str, ...]:
    """One row of the table as text, in the order of `HEADS`."""
    first = row.runs[0].results
    return (
        row.recipe.name,
        row.hand,
        f"{first['parameters']:,}",
        f"{max(run.results['epochs'] for run in row.runs)}",
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


def comparison_table(rows: list[Row]) -> Table:
    """Tabulate a comparison for the terminal."""
    table = Table(*HEADS, box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*cells(row))
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
            lines.append(f"| {row.recipe.name} | {row.hand} | {part} | {' | '.join(head)} | {curve[-1]} |")
    for row in rows:
        if row.grid:
            lines += ["", f"## The grid of {row.recipe.name}", "", *grid_lines(row)]
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
