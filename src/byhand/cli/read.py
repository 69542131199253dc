"""Read handwritten digits in pictures: photographs, scans and drawings with any number of digits.

byhand read docs/pictures/number.jpg
byhand read my-page-1.jpg my-page-2.png --json
byhand read my-seven.png --single --explain stages.png
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from byhand.cli.parser import output_file
from byhand.errors import ByhandError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG, JPEG, WebP, TIFF, BMP or GIF")
    parser.add_argument("--single", action="store_true", help="each picture shows one digit")
    parser.add_argument("--json", action="store_true", help="print JSON: a list with an object for each picture")
    parser.add_argument(
        "--explain", type=output_file, metavar="OUT.png", help="draw every stage of reading the picture"
    )
    parser.add_argument("--runtime", default="fast", metavar="NAME", help="fast (default), numpy or onnx")


def run(arguments: argparse.Namespace) -> int:
    """Read every picture; report those that cannot be read and continue with the next."""
    import json
    import sys

    from byhand.reading import Reader
    from byhand.reading.result import describe_unread
    from byhand.viz.style import percent

    names = arguments.pictures
    if arguments.explain is not None and len(names) > 1:
        raise ByhandError(f"--explain takes one picture, got {len(names)}.", code="cli.invalid_argument")
    reader = Reader(runtime=arguments.runtime)
    results: list[dict[str, Any]] = []
    failures = 0
    for name in names:
        try:
            reading = reader.read(name, single=arguments.single)
        except ByhandError as problem:
            if len(names) == 1:
                raise
            failures += 1
            print(f"byhand: {problem} [{problem.code}]", file=sys.stderr)
            results.append({"picture": name, "error": str(problem), "code": problem.code})
            continue
        if arguments.explain is not None:
            from byhand.reading.explain import explain

            explain(reading, arguments.explain, Path(name).name)
            print(f"Written: {arguments.explain}", file=sys.stderr)
        results.append({"picture": name, **reading.to_dict()})
        if not arguments.json:
            text = reading.text or "no digit found"
            print(text if len(names) == 1 else f"{name}: {' / '.join(text.splitlines())}", flush=True)
            for number, digit in enumerate(reading.digits, 1):
                if digit.unsure:
                    options = " or ".join(f"{value} ({percent(p)})" for value, p in digit.top[:2])
                    print(f"byhand: {name}: digit {number} needs review: {options}, or no digit.", file=sys.stderr)
            if left := describe_unread(reading.unread):
                print(f"byhand: {name}: {left}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(results, indent=2))
    return 0 if not failures else 1 if failures < len(names) else 2
