"""The table of a comparison: on the terminal, and as results that are kept, in JSON and Markdown."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.measure import Measurement

from byhand.compare.result import Result
from byhand.errors import ByhandError
from byhand.io import write_json, write_text
from byhand.viz.console import markdown_table, print_table, table
from byhand.viz.style import percent

COLUMNS = (
    *("network", "hand", "parameters", "epochs", "validation", "test"),
    *("s to train", "s to final", "trained/s", "read/s"),
)
NOTES = (
    "Accuracies are means over the seeds with their 95 % interval (Student's t); one seed has no interval, and an "
    "accuracy of 98 % on 10,000 digits has a standard deviation of 0.14 points. Seconds are of training alone: the "
    "median of the epochs, the mean of the runs. *Ratio* is what an epoch of the project's own code took on two cores, "
    "divided by ours."
)
HEADS = (
    *("network", "hand", "parameters", "epochs", "seeds", "validation", "test", "threads"),
    *("s an epoch", "s to train", "project states", "ratio"),
)
FILE = "recipes"


def significant(seconds: float) -> str:
    """Seconds with three significant digits."""
    return f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"


def thousands(rate: float) -> str:
    """A rate with three significant digits: ``134,000``."""
    return f"{round(rate, 2 - math.floor(math.log10(rate))):,.0f}"


def accuracy(result: Result, part: str) -> str:
    """A result's accuracy on ``"validation"`` or ``"test"``, with its interval: ``97.31 ± 0.12 %``."""
    mean, half = result.mean(part)
    return percent(mean, 2, half)


def cells(result: Result) -> tuple[str, ...]:
    """One line of the table, in the order of `COLUMNS`."""
    recipe_epochs = result.replaced.get("epochs", 0)
    return (
        result.name,
        result.hand,
        f"{result.parameters:,}",
        f"{result.epochs} of {recipe_epochs}" if recipe_epochs > result.epochs else f"{result.epochs}",
        accuracy(result, "validation"),
        accuracy(result, "test"),
        significant(result.seconds),
        significant(result.final_seconds),
        thousands(result.rate),
        "" if math.isnan(result.prediction_rate) else thousands(result.prediction_rate),
    )


def print_comparison(results: Sequence[Result]) -> None:
    """Print a comparison: one table, or two if the terminal is too narrow."""
    rows = [cells(result) for result in results]
    console = Console()
    whole = table(COLUMNS, rows)
    width = Measurement.get(console, console.options.update(max_width=1000), whole).maximum
    if not console.is_terminal or width <= console.width:
        print_table(whole)
        return
    print_table(table(COLUMNS[:6], [row[:6] for row in rows]))
    print()
    print_table(table(COLUMNS[:2] + COLUMNS[6:], [row[:2] + row[6:] for row in rows]))


def write_results(results: Sequence[Result], folder: Path, command: str) -> tuple[Path, Path]:
    """Write ``recipes.json``, and the same as a table in ``recipes.md``.

    Entries that are there already are kept, unless they are of the same recipe and hand; the best variant of a sweep
    replaces another one.

    Returns
    -------
    tuple of Path
        The Markdown and the JSON file.

    Raises
    ------
    ByhandError
        ``results.damaged`` if there is a file that cannot be read, ``results.other_digits`` if the entries that are
        there are of other digits.
    """
    numbers, page = folder / f"{FILE}.json", folder / f"{FILE}.md"
    require_same_digits(folder, [result.runs[0].results["data"]["name"] for result in results])
    new = [{"command": command, **result.to_dict()} for result in results]
    entries = {(entry.get("sweep", entry["recipe"]), entry["hand"]): entry for entry in [*read_results(numbers), *new]}
    ordered = [entries[key] for key in sorted(entries)]
    write_json(numbers, {"rows": ordered})
    write_text(page, markdown(ordered))
    return page, numbers


def require_same_digits(folder: Path, names: Iterable[str]) -> None:
    """Raise `ByhandError` (``results.other_digits``) unless the results in a folder are of the digits of this name."""
    known = [entry["data"]["name"] for entry in read_results(folder / f"{FILE}.json")]
    found = sorted({*known, *names})
    if len(found) > 1:
        raise ByhandError(
            f"One table cannot hold results on different digits, {' and '.join(found)}; name another folder for "
            "--write, or compare on the same --data.",
            code="results.other_digits",
        )


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read the entries of a ``recipes.json``; none if there is no such file."""
    import json

    if not path.exists():
        return []
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["rows"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise ByhandError(
            f"{path} is not a table of results ({problem}); name another folder.", code="results.damaged"
        ) from problem


def markdown(entries: Sequence[dict[str, Any]]) -> str:
    """Format entries of a ``recipes.json`` as Markdown."""
    commands = list(dict.fromkeys(entry["command"] for entry in entries))
    machines = list(dict.fromkeys(_machine(entry["environment"]) for entry in entries))
    notes, command_notes = (
        list(dict.fromkeys(entry[key] for entry in entries if key in entry)) for key in ("note", "command_note")
    )
    data = entries[0]["data"]
    lines = [
        "# The recipes, measured",
        "",
        *textwrap.wrap(
            f"{data['name']}: {data['train']:,} digits for training, {data['validation']:,} for validation, "
            f"{data['test']:,} for testing, unless a recipe splits them otherwise. {' '.join([NOTES, *notes])}",
            118,
        ),
        "",
        f"{'; '.join(['Merged from the results of these commands', *command_notes])}{'.' if command_notes else ':'}",
        "",
        *(f"- `{command}`" for command in commands),
        "",
        "On these machines:",
        "",
        *(f"- {machine}" for machine in machines),
        "",
        *markdown_table(HEADS, map(_row, entries), "llrrrrrrrrlr"),
    ]
    curves = [
        (entry["recipe"], entry["hand"], part, *(*curve[:3], "", "")[:3], curve[-1])
        for entry in entries
        if len(entry["seeds"]) > 1
        for part in ("validation", "test")
        if len(curve := [f"{100 * value:.2f}" for value in entry[f"{part}_accuracy_by_epoch"]]) > 1
    ]
    if curves:
        lines += ["", "## Accuracy (%) after the first epochs, mean over the seeds", ""]
        lines += markdown_table(("network", "hand", "digits", "1", "2", "3", "last"), curves, "lllrrrr")
    for entry in entries:
        if "grid" in entry:
            lines += ["", f"## The grid of {entry['recipe']}", "", *grid_lines(entry["grid"])]
    return "\n".join(lines) + "\n"


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    """One line of the Markdown table, in the order of `HEADS`."""
    theirs = entry["project"].get("epoch_seconds", 0.0)
    return (
        entry["recipe"],
        entry["hand"],
        f"{entry['parameters']:,}",
        f"{entry['epochs']}",
        f"{len(entry['seeds'])}",
        *(percent(entry[part]["mean"], 2, entry[part]["interval95"]) for part in ("validation", "test")),
        "/".join(sorted({str(threads) for threads in entry["threads"]})),
        significant(entry["epoch_seconds"]),
        significant(entry["train_seconds"]),
        # A bar would end the cell.
        entry["project"].get("states", "").replace("|", "\\|"),
        f"{theirs / entry['epoch_seconds']:.1f}" if theirs else "",
    )


def _machine(environment: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return f"{environment['processor']}, {', '.join(environment['linear_algebra'])}; {versions}"


def grid_lines(grid: Sequence[dict[str, Any]]) -> list[str]:
    """Validation accuracies of a sweep in Markdown: a matrix for two settings, else a list of all variants."""
    settings = [key for key in grid[0] if key not in ("validation", "test")]
    variants = [tuple(_plain(entry[key]) for key in settings) for entry in grid]
    accuracies = [f"{100 * entry['validation']:.2f}" for entry in grid]
    # Of equals, the first was chosen.
    best = max(range(len(grid)), key=lambda index: grid[index]["validation"])
    accuracies[best] = f"**{accuracies[best]}**"
    if len(settings) != 2:
        rows = [(*variant, cell) for variant, cell in zip(variants, accuracies, strict=True)]
        table_lines = markdown_table((*settings, "validation"), rows, "r" * (len(settings) + 1))
        return ["Validation accuracy (%) of every variant.", "", *table_lines]
    found = dict(zip(variants, accuracies, strict=True))
    down, across = (list(dict.fromkeys(values)) for values in zip(*variants, strict=True))
    rows = [(value, *(found[value, other] for other in across)) for value in down]
    table_lines = markdown_table(("", *across), rows, "r" * (len(across) + 1))
    return [f"Validation accuracy (%) by {settings[0]} (down) and {settings[1]} (across).", "", *table_lines]


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
