"""Time the javascript hand: one digit's answer, and training in a worker; writes results/javascript.md and .json.

chrt -r 20 python benchmarks/javascript.py [NAME ...]

Each network runs in a process of its own, in Node and in Chromium, whichever are installed. An answer is the median of
41 calls of `logits` on one picture of 28 x 28; training is the median of nine steps of 32 digits, forward, backward and
gradient descent with momentum. In Chromium training runs in a worker.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from byhand import weights
from byhand.io import write_json, write_text
from byhand.models import zoo
from byhand.models.spec import Spec
from byhand.verify.javascript_runtime import BROWSERS, FOLDER, run_javascript

ROOT = Path(__file__).parents[1]


def measure(spec: Spec, program: str, training: bool) -> dict[str, float]:
    """Time one network in one program."""
    with tempfile.TemporaryDirectory() as folder:
        for file in FOLDER.glob("*.js*"):
            shutil.copy(file, folder)
        shutil.copy(Path(__file__).with_suffix(".js"), Path(folder) / "prove.js")
        os.environ["BYHAND_JAVASCRIPT"] = program
        header = json.dumps({"spec": spec.to_dict(), "training": training})
        answer = run_javascript(save({}, {"byhand": header}), Path(folder))
    length = int.from_bytes(answer[:8], "little")
    return dict(json.loads(json.loads(answer[8 : 8 + length])["__metadata__"]["found"]))


def version(program: str) -> str:
    """Say which program it is."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return f"{Path(program).name} {done.stdout.split()[-1] if 'node' in program else done.stdout.split()[1]}"


def line(row: dict[str, Any]) -> str:
    """Write a row of the table."""
    figures = f"{row['answer']:.1f} | {row['digits']:,.0f}"
    return f"| {row['network']} | {row['parameters']:,} | {row['program']} | {figures} |"


def main() -> None:
    """Measure, print and write."""
    names = sys.argv[1:] or [*zoo.NETWORKS, "reader"]
    programs = [path for names in (["node"], BROWSERS) if (path := next(filter(None, map(shutil.which, names)), None))]
    specs = {name: weights.checkpoint("reader").spec if name == "reader" else zoo.network(name) for name in names}
    rows = []
    for name, spec in specs.items():
        for program in programs:
            row = {"network": name, "parameters": spec.size, "program": version(program)}
            row |= measure(spec, program, training=False) | measure(spec, program, training=True)
            rows.append(row)
            print(row, flush=True)
    if sys.argv[1:]:
        return
    facts = {
        "command": "chrt -r 20 python benchmarks/javascript.py",
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "load": round(os.getloadavg()[1]),
        "rows": [{**row, "answer": round(row["answer"], 2), "digits": round(row["digits"])} for row in rows],
    }
    write_json(ROOT / "results" / "javascript.json", facts)
    lines = [
        "# The javascript hand",
        "",
        "One picture of 28 x 28 in, logits out, in milliseconds; and training with batches of 32 (forward, backward",
        f"and step), in digits a second, in Chromium in a worker. float32, {facts['machine']}, load average",
        f"{facts['load']} from other jobs; `{facts['command']}`.",
        "",
        "| network | parameters | program | answer, ms | training, digits/s |",
        "|---|---:|---|---:|---:|",
        *map(line, rows),
    ]
    write_text(ROOT / "results" / "javascript.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
