"""Read handwritten digits in pictures: photographs, scans and drawings, with any number of digits in any place.

byhand read number.jpg
byhand read page1.jpg page2.png --json
byhand read seven.png --single --explain stages.png
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from byhand.reading import Reading

NOTHING = "no digit found"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG, JPEG, WebP, TIFF or BMP")
    parser.add_argument("--single", action="store_true", help="each picture is known to hold one digit")
    parser.add_argument("--json", action="store_true", help="print JSON: a list with an entry for each picture")
    parser.add_argument("--explain", type=Path, metavar="OUT.png", help="draw every stage of the one picture there")
    parser.add_argument("--runtime", default="fast", metavar="NAME", help="fast (as installed) or onnx")


def run(arguments: argparse.Namespace) -> int:
    """Read every picture that can be read, and say of each other what is the matter with it."""
    import json
    import sys

    from byhand.errors import ByhandError
    from byhand.reading.reader import Reader

    names = arguments.pictures
    if arguments.explain is not None and len(names) > 1:
        raise ByhandError(f"--explain draws one picture and {len(names)} were named; name one.")
    reader = Reader(runtime=arguments.runtime)
    said: list[dict[str, Any]] = []
    problems = 0
    for name in names:
        try:
            reading = reader.read(name, single=arguments.single)
        except ByhandError as problem:
            if len(names) == 1:
                raise
            problems += 1
            print(f"byhand: {problem}", file=sys.stderr)
            said.append({"picture": name, "error": str(problem)})
            continue
        if arguments.explain is not None:
            from byhand.reading.explain import explain

            explain(reading, arguments.explain, Path(name).name)
        said.append({"picture": name, **reading.to_dict()})
        if not arguments.json:
            print(_told(reading) if len(names) == 1 else f"{name}: {_told(reading, ' / ')}", flush=True)
            for sentence in _doubts(reading):
                print(f"byhand: {name}: {sentence}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(said, indent=2))
    return 0 if not problems else 1 if problems < len(names) else 2


def _told(reading: Reading, between: str = "\n") -> str:
    return between.join(reading.text.split("\n")) if reading.digits else NOTHING


def _doubts(reading: Reading) -> list[str]:
    """Say which digits are unsure, and what else they may be."""
    sentences = []
    for number, digit in enumerate(reading.digits, 1):
        if digit.unsure:
            others = " or ".join(f"{value} ({100 * share:.0f} %)" for value, share in digit.top[:2])
            sentences.append(f"unsure of digit {number}, which may be {others}, or none.")
    return sentences
