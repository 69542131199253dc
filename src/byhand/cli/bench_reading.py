"""Score reading on a folder of pictures with a labels.csv (path, label, kind, source), beside a naive resize.

Every miss is drawn with its stages. With --transformed, copies are read as well: rotated, scaled, faded, squeezed by
JPEG, noisy, inverted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from byhand.bench.reading.accuracy import Answer
    from byhand.bench.reading.samples import Sample
    from byhand.reading.reader import Reader

FILE = "bench-reading"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folder", type=Path, help="pictures, and labels.csv")
    parser.add_argument("--transformed", action="store_true", help="read transformed copies as well")
    parser.add_argument("--runtime", default="fast", metavar="NAME", help="fast (as installed) or onnx")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(FILE),
        metavar="FOLDER",
        help=f"where {FILE}.json, .md and the sheets of misses go (./{FILE})",
    )


def run(arguments: argparse.Namespace) -> int:
    """Score."""
    import json
    import statistics
    import sys

    from byhand.bench.reading import accuracy as measure
    from byhand.bench.reading.labels import write_sheets
    from byhand.bench.reading.samples import load_samples
    from byhand.io import write_json, write_text
    from byhand.reading.reader import Reader
    from byhand.viz.console import print_table

    samples = load_samples(arguments.folder)
    reader = Reader(runtime=arguments.runtime)
    answers = [measure.answer(reader, sample) for sample in samples]
    misses = [one for one in answers if not right(one)]
    record: dict[str, Any] = {
        "command": f"byhand bench reading FOLDER{' --transformed' if arguments.transformed else ''}",
        "pictures": len(samples),
        "kinds": {
            kind: {way: vars(share) for way, share in ways.items()} for kind, ways in measure.summary(answers).items()
        },
        "unsure": {
            "of those read rightly": _mean([one.unsure for one in answers if right(one)]),
            "of misses": _mean([one.unsure for one in misses]),
        },
        "milliseconds": {
            "median": 1e3 * statistics.median(one.seconds for one in answers),
            "longest": 1e3 * max(one.seconds for one in answers),
        },
    }
    if arguments.transformed:
        record["transformed"] = transformed(reader, samples)
    sheets = write_sheets(reader, misses, arguments.out)
    write_json(arguments.out / f"{FILE}.json", record)
    write_text(arguments.out / f"{FILE}.md", markdown(record))
    if arguments.json:
        print(json.dumps(record, indent=2))
    else:
        for head, rows in tables(record):
            print_table(_table(head, rows))
            print()
    for path in (arguments.out / f"{FILE}.json", arguments.out / f"{FILE}.md", *sheets):
        print(f"Written: {path}", file=sys.stderr)
    return 0


def right(one: Answer) -> bool:
    """Whether a picture was read rightly, in the way that is known of it."""
    return (one.text if one.known_single is None else one.known_single) == one.sample.label


def transformed(reader: Reader, samples: list[Sample]) -> dict[str, dict[str, float]]:
    """Give each kind's share of right answers on each transformed copy."""
    from byhand.bench.reading.accuracy import share_of, words
    from byhand.bench.reading.transforms import TRANSFORMS
    from byhand.errors import ByhandError
    from byhand.reading.picture import open_picture

    good: dict[str, list[tuple[Sample, bool]]] = {name: [] for name in TRANSFORMS}
    for sample in samples:
        try:
            pixels = open_picture(sample.path).pixels
        except ByhandError:
            continue
        for name, change in TRANSFORMS.items():
            text = words(reader.read(change(pixels), single=sample.single))
            good[name].append((sample, text == sample.label))
    shares: dict[str, dict[str, float]] = {}
    for name, found in good.items():
        shares[name] = {}
        for kind in sorted({sample.kind for sample, _ in found}):
            own = [(sample, was) for sample, was in found if sample.kind == kind]
            shares[name][kind] = share_of([sample for sample, _ in own], [was for _, was in own]).mean
    return shares


def tables(record: dict[str, Any]) -> list[tuple[list[str], list[list[str]]]]:
    """Give the record as tables: heads and rows of text."""
    rows = []
    for kind, ways in record["kinds"].items():
        whole = ways["found"]
        rows.append(
            [kind, str(whole["pictures"]), str(whole["authors"])]
            + [_percent(ways.get(way)) for way in ("known single", "found", "naive")]
        )
    heads = ["kind", "pictures", "authors", "known to be one digit, %", "found anywhere, %", "naive resize, %"]
    made = [(heads, rows)]
    if "transformed" in record:
        kinds = list(next(iter(record["transformed"].values())))
        lines = [
            [name, *(f"{100 * shares[kind]:.1f}" for kind in kinds)] for name, shares in record["transformed"].items()
        ]
        made.append((["copy", *kinds], lines))
    return made


def markdown(record: dict[str, Any]) -> str:
    """Write the record as Markdown."""
    told = (
        f"`{record['command']}`: {record['pictures']:,} pictures. Right answers, each author counting the same, with "
        "95 % intervals (bootstrap over authors; Wilson's where there is one)."
    )
    parts = [told]
    for heads, rows in tables(record):
        lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    times, unsure = record["milliseconds"], record["unsure"]
    parts.append(
        f"A picture takes {times['median']:.0f} ms (median; longest {times['longest']:.0f} ms). "
        f"Unsure: {100 * unsure['of those read rightly']:.1f} % of those read rightly, "
        f"{100 * unsure['of misses']:.0f} % of misses."
    )
    return "\n\n".join(parts) + "\n"


def _percent(share: dict[str, Any] | None) -> str:
    if share is None:
        return ""
    return f"{100 * share['mean']:.1f} ({100 * share['low']:.1f} to {100 * share['high']:.1f})"


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _table(heads: list[str], rows: list[list[str]]) -> Any:
    from rich.table import Table

    table = Table(*heads, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    return table
