"""The suite's property tests, with new examples: what it draws at each run is fixed, here the seed decides."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from record import Tally

ROOT = Path(__file__).parents[2]


def draw(count: int, tally: Tally) -> None:
    """Run every property test of the suite with that many new examples."""
    words = [sys.executable, "-m", "pytest", "-m", "hypothesis", "-n", "0", "-q", "--hypothesis-show-statistics"]
    words += [f"--hypothesis-seed={tally.seed}", "--hypothesis-profile=soak", "-p", "no:cacheprovider"]
    environment = os.environ | {"BYHAND_SOAK_EXAMPLES": str(count), "PYTHONPATH": str(ROOT / "src")}
    words += os.environ.get("BYHAND_SOAK_TESTS", "").split()
    said = tally.work / "pytest.log"
    with said.open("w", encoding="utf-8") as log:
        status = subprocess.run(words, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False).returncode
    text = said.read_text(encoding="utf-8")
    for name, examples in re.findall(r"^(\S+::.+):\n(?:.*\n)*?.*?(\d+) passing,", text, re.MULTILINE):
        tally.cases[name.rpartition("::")[2]] += int(examples)
    for failure in re.findall(r"^(?:FAILED|ERROR) (.+)$", text, re.MULTILINE):
        start = text.find("Falsifying example")
        tally.find("a property does not hold", f"{failure}\n{text[start : start + 1200]}")
    if status not in (0, 1):
        tally.find(f"pytest ended with status {status}", text[-1500:])
