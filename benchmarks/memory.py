"""Compare the peak memory of the hands: each trains a recipe for one epoch in a separate process.

Run: ``python benchmarks/memory.py [RECIPE...] [--data NAME|PATH] [--offline]``.

The measured value is the largest resident set of the process (``ru_maxrss`` of ``wait4``), including the interpreter,
the libraries and the digits. This process imports nothing large, because a child's peak includes its parent's memory at
the time of the start.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HANDS = ("fast", "torch")
BYTES = 1 if sys.platform == "darwin" else 1024
"""The unit of ``ru_maxrss``."""


def main() -> int:
    """Print a line for each recipe."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recipes", nargs="*", default=["mlp"], metavar="RECIPE", help="shipped, or a path (mlp)")
    parser.add_argument("--data", default="auto", metavar="NAME|PATH", help="digits to train on (%(default)s)")
    parser.add_argument("--offline", action="store_true", help="download nothing")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    if not hasattr(os, "wait4"):
        print("memory.py needs os.wait4, which this system does not have; run it on Linux or macOS.", file=sys.stderr)
        return 2
    print(f"{'recipe':<20}{'numpy, MB':>12}{'torch, MB':>12}{'numpy/torch':>14}  validation accuracy after an epoch")
    for recipe in arguments.recipes:
        try:
            peaks, accuracies = zip(
                *(trained(recipe, hand, arguments.data, offline=arguments.offline) for hand in HANDS), strict=True
            )
        except ChildProcessError as problem:
            print(problem, file=sys.stderr)
            return 1
        numpy, torch = peaks
        reached = ", ".join(f"{100 * accuracy:.2f} %" for accuracy in accuracies)
        print(f"{recipe:<20}{numpy / 1e6:>12.0f}{torch / 1e6:>12.0f}{numpy / torch:>14.2f}  {reached}", flush=True)
    return 0


def trained(recipe: str, hand: str, data: str, *, offline: bool) -> tuple[int, float]:
    """Train for an epoch in another process; give its peak memory in bytes and the validation accuracy it reached."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-X", "utf8", "-m", "byhand", "train", recipe, "--hand", hand, "--epochs", "1"]
        command += ["--data", data, "--runs", folder, "--name", "run", *(["--offline"] if offline else [])]
        with (Path(folder) / "said.txt").open("w+", encoding="utf-8") as said:
            child = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(child.pid, 0)
            # So that subprocess does not wait for it again.
            child.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            last = (said.read().strip().splitlines() or [""])[-1]
        results = Path(folder) / "run" / "results.json"
        if child.returncode or not results.exists():
            raise ChildProcessError(f"The {hand} hand did not train {recipe}: {last}")
        accuracy = json.loads(results.read_text(encoding="utf-8"))["validation"]["accuracy"]
    return usage.ru_maxrss * BYTES, accuracy


if __name__ == "__main__":
    sys.exit(main())
