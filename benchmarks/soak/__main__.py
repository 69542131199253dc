"""Hours of abuse in a repeatable form: kills, damaged files, generated requests, shared objects, new property examples.

Run: ``make soak``, about an hour on two cores; or ``python benchmarks/soak [PART ...] [--scale 0.01] [--seed N]``.

Every part is a process of its own, counts its cases, and writes its entry into ``results/soak.json`` and ``soak.md``
while it runs, so that a soak that is stopped loses nothing. ``--scale`` multiplies the numbers of cases. What goes
wrong is a finding; its evidence, such as the damaged file, is kept in ``--work``. The exit status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import record

HANDS = ("numpy", "fast", "tensor", "torch")
PARTS: dict[str, int] = {
    **{f"kills-{hand}": 200 for hand in HANDS},
    "files": 10_000,
    "requests": 10_000,
    "sharing": 1_000,
    "properties": 1_000,
}
"""Cases of every part: kills; files; requests; uses of each public object; examples of each property."""


def main() -> int:
    """Run the parts, one after another."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"by default all: {', '.join(PARTS)}")
    scale = float(os.environ.get("BYHAND_SOAK_SCALE", "1"))
    parser.add_argument("--scale", type=float, default=scale, metavar="X", help="cases, as a fraction of all (1)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), metavar="N", help="default: a new one")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="FOLDER", help="of soak.json and soak.md")
    parser.add_argument("--work", type=Path, default=Path("runs/soak"), metavar="FOLDER", help="for files and evidence")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := [part for part in arguments.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    chosen = arguments.parts or list(PARTS)
    if arguments.inside:
        return run(chosen[0], arguments)
    print(f"soak: seed {arguments.seed}, scale {arguments.scale:g}", flush=True)
    failed = 0
    for part in chosen:
        words = [sys.executable, str(Path(__file__).parent), part, "--inside"]
        for option in ("scale", "seed", "out", "work"):
            words += [f"--{option}", str(getattr(arguments, option))]
        status = subprocess.run(words, check=False).returncode
        if status not in (0, 1):
            record.broken(arguments.out, part, status)
        failed |= status != 0
    return int(failed)


def run(part: str, arguments: argparse.Namespace) -> int:
    """Run one part in this process."""
    count = max(1, round(PARTS[part] * arguments.scale))
    work = arguments.work / part
    work.mkdir(parents=True, exist_ok=True)
    tally = record.Tally(part, count, arguments.seed, arguments.out, work)
    print(f"soak: {part}, {count:,} cases", flush=True)
    began = time.monotonic()
    with tally:
        if part.startswith("kills-"):
            from kills import kill

            kill(part.removeprefix("kills-"), count, tally)
        elif part == "files":
            from damage import damage

            damage(count, tally)
        elif part == "requests":
            from client import ask

            ask(count, tally)
        elif part == "sharing":
            from sharing import share

            share(count, tally)
        else:
            from properties import draw

            draw(count, tally)
    print(f"soak: {part}: {tally.summary()}, {time.monotonic() - began:.0f} s", flush=True)
    return int(bool(tally.findings))


if __name__ == "__main__":
    sys.exit(main())
