"""Measure reading accuracy on a folder of pictures with a labels.csv (path, label, kind, source).

For comparison, the accuracy of the same network on the picture resized to 28x28 is given. Every miss is drawn with its
stages. With --transformed, copies are read too: rotated, scaled, faded, compressed, noisy, inverted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

NAME = "bench-reading"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folder", type=Path, help="pictures and labels.csv")
    parser.add_argument("--transformed", action="store_true", help="read transformed copies as well")
    parser.add_argument("--runtime", default="fast", metavar="NAME", help="fast (default), numpy or onnx")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--no-misses", action="store_true", help="draw no sheets of misses")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(NAME),
        metavar="FOLDER",
        help=f"where to write {NAME}.json, {NAME}.md and the sheets of misses (./{NAME})",
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure."""
    import dataclasses
    import json
    import statistics
    import sys

    from byhand.bench.reading.accuracy import by_kind, read_sample, transformed
    from byhand.bench.reading.samples import load_samples
    from byhand.bench.reading.sheets import write_sheets
    from byhand.io import write_json, write_text
    from byhand.reading import Reader
    from byhand.viz.console import print_table, table

    samples = load_samples(arguments.folder)
    reader = Reader(runtime=arguments.runtime)
    results = [read_sample(reader, sample) for sample in samples]
    misses = [result for result in results if not result.correct]
    seconds = [result.seconds for result in results]
    record: dict[str, Any] = {
        "command": f"byhand bench reading FOLDER{' --transformed' if arguments.transformed else ''}",
        "pictures": len(samples),
        "kinds": {
            kind: {method: dataclasses.asdict(found) for method, found in methods.items()}
            for kind, methods in by_kind(results).items()
        },
        "unsure": {
            "correct": _mean([result.unsure for result in results if result.correct]),
            "misses": _mean([result.unsure for result in misses]),
        },
        "milliseconds": {"median": 1e3 * statistics.median(seconds), "longest": 1e3 * max(seconds)},
    }
    if arguments.transformed:
        record["transformed"] = transformed(reader, samples)
    paths = [arguments.out / f"{NAME}.json", arguments.out / f"{NAME}.md"]
    write_json(paths[0], record)
    write_text(paths[1], markdown(record))
    paths += [] if arguments.no_misses else write_sheets(reader, misses, arguments.out)
    if arguments.json:
        print(json.dumps(record, indent=2))
    else:
        for head, *rows in tables(record):
            print_table(table(head, rows, names=1))
            print()
    for path in paths:
        print(f"Written: {path}", file=sys.stderr)
    return 0


def tables(record: dict[str, Any]) -> list[list[list[str]]]:
    """The record as tables: rows of text, the head first."""
    made = [["kind", "pictures", "authors", "known to be one digit, %", "found anywhere, %", "naive resize, %"]]
    for kind, methods in record["kinds"].items():
        accuracies = [_percent(methods.get(method)) for method in ("known single", "found", "naive")]
        made.append([kind, str(methods["found"]["pictures"]), str(methods["found"]["authors"]), *accuracies])
    if "transformed" not in record:
        return [made]
    copies = record["transformed"]
    kinds = list(next(iter(copies.values())))
    rows = [[name, *(f"{100 * accuracy[kind]:.1f}" for kind in kinds)] for name, accuracy in copies.items()]
    return [made, [["copy", *kinds], *rows]]


def markdown(record: dict[str, Any]) -> str:
    """The record as Markdown."""
    from byhand.viz.console import markdown_table
    from byhand.viz.style import percent

    summary = (
        f"`{record['command']}`: {record['pictures']:,} pictures. Accuracy, averaged over authors, with 95 % intervals "
        "(bootstrap over authors; Wilson's interval if there is one author)."
    )
    parts = [summary]
    for head, *rows in tables(record):
        parts.append("\n".join(markdown_table(head, rows, "l" + "r" * (len(head) - 1))))
    times, unsure = record["milliseconds"], record["unsure"]
    parts.append(
        f"Time per picture: median {times['median']:.0f} ms, longest {times['longest']:.0f} ms. "
        f"Unsure: {percent(unsure['correct'], 1)} of correct readings, {percent(unsure['misses'], 0)} of misses."
    )
    return "\n\n".join(parts) + "\n"


def _percent(accuracy: dict[str, Any] | None) -> str:
    if accuracy is None:
        return ""
    return f"{100 * accuracy['mean']:.1f} ({100 * accuracy['low']:.1f} to {100 * accuracy['high']:.1f})"


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
