"""What a soak found: counts by kind of case, and findings, as JSON and as a table."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from byhand import __version__
from byhand.io import write_json, write_text

SAVE_EVERY = 20.0
"""Seconds between two states on disk."""
MOST = 40
"""Findings that are described; more are counted."""


def processor_seconds(pid: int | None) -> float:
    """Seconds that a process has used of the processors."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(name: str, pid: int | str = "self") -> float:
    """A process's memory in megabytes: ``"VmRSS"`` now, ``"VmHWM"`` at most."""
    try:
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def content(file: Path) -> bytes:
    """A run's file without the seconds that its results hold."""
    return re.sub(rb',\n  "seconds": [^\n]*', b"", file.read_bytes())


class Tally:
    """Counts the cases of one part and writes what is known of it, while it runs and at its end.

    Parameters
    ----------
    part, planned, seed
        The part's name, how many cases it plans, and the seed of the soak.
    out, work
        The folder of ``soak.json``, and one for files and evidence.
    """

    def __init__(self, part: str, planned: int, seed: int, out: Path, work: Path) -> None:
        self.part, self.planned, self.seed, self.out, self.work = part, planned, seed, out, work
        self.rng = np.random.default_rng([seed, *part.encode()])
        self.cases: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.findings: list[dict[str, str]] = []
        self.bounds: dict[str, float] = {}
        self.state, self.began, self.saved = "running", time.monotonic(), 0.0

    def case(self, what: str, ended: str = "") -> None:
        """Count a case, and how it ended."""
        self.cases[what] += 1
        if ended:
            self.kinds[ended] += 1
        if time.monotonic() - self.saved > SAVE_EVERY:
            self.save()

    def most(self, name: str, value: float) -> None:
        """Keep the largest value of a measurement: ``"seconds"``, ``"MB"``."""
        self.bounds[name] = round(max(value, self.bounds.get(name, 0.0)), 3)

    def find(self, what: str, detail: str, evidence: bytes = b"", name: str = "evidence") -> None:
        """Report what should not have happened; its evidence is kept as a file."""
        found = {"what": what, "detail": detail[-1500:]}
        if evidence:
            path = self.work / "evidence" / f"{len(self.findings):03d}-{name}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(evidence)
            found["evidence"] = str(path)
        self.findings.append(found)
        print(f"soak: {self.part}: FOUND {what}: {detail[-300:]}", flush=True)
        self.save()

    def __enter__(self) -> Tally:
        self.save()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.state = "done" if kind is None else "stopped" if kind is KeyboardInterrupt else "broken"
        self.save()

    def summary(self) -> str:
        """One line."""
        bounds = ", ".join(f"at most {value:g} {name}" for name, value in self.bounds.items())
        found = f"{len(self.findings)} findings"
        return ", ".join(filter(None, [self.state, f"{sum(self.cases.values()):,} cases", bounds, found]))

    def save(self) -> None:
        """Write the entry beside those of the other parts."""
        self.saved = time.monotonic()
        entry = {
            "part": self.part,
            "state": self.state,
            "planned": self.planned,
            "cases": dict(sorted(self.cases.items())),
            "ended": dict(self.kinds.most_common()),
            "bounds": self.bounds,
            "seconds": round(time.monotonic() - self.began, 1),
            "seed": self.seed,
            "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
            "byhand": __version__,
            "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} processors, Python "
            f"{platform.python_version()}",
            "findings": self.findings[:MOST],
            "found": len(self.findings),
        }
        write(self.out, entry)


def write(out: Path, entry: dict[str, Any]) -> None:
    """Put an entry into ``soak.json``, in place of an earlier one of its part, and draw the table again."""
    path = out / "soak.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    entries = sorted([one for one in entries if one["part"] != entry["part"]] + [entry], key=lambda one: one["part"])
    write_json(path, entries)
    write_text(out / "soak.md", markdown(entries))


def broken(out: Path, part: str, status: int) -> None:
    """Record that a part's process died."""
    path = out / "soak.json"
    for entry in json.loads(path.read_text(encoding="utf-8")) if path.exists() else []:
        if entry["part"] == part:
            write(out, entry | {"state": f"broken, status {status}"})


def markdown(entries: list[dict[str, Any]]) -> str:
    """The entries as a page."""
    lines = [
        "# The soak",
        "",
        "Written by `make soak` (`python benchmarks/soak`), each line by a process of its own. A finding is a",
        "traceback, a hang, memory over its bound, a wrong answer or something left behind.",
        "",
        "| part | cases | state | minutes | at most | findings | seed | date |",
        "|---|--:|---|--:|---|--:|--:|---|",
    ]
    for entry in entries:
        bounds = ", ".join(f"{value:g} {name}" for name, value in entry["bounds"].items())
        cases = sum(entry["cases"].values())
        lines.append(
            f"| {entry['part']} | {cases:,} | {entry['state']} | {entry['seconds'] / 60:.1f} | {bounds} | "
            f"{entry['found']} | {entry['seed']} | {entry['date']} |"
        )
    for entry in entries:
        lines += ["", f"## {entry['part']}", ""]
        lines += [", ".join(f"{name} {count:,}" for name, count in entry["cases"].items()) + ".", ""]
        lines += ["Ended: " + ", ".join(f"{name} {count:,}" for name, count in entry["ended"].items()) + "."]
        lines += [
            f"- FOUND {one['what']}: `{(one['detail'].splitlines() or [''])[-1][:160]}`" for one in entry["findings"]
        ]
    machines = dict.fromkeys(f"byhand {entry['byhand']}, {entry['machine']}" for entry in entries)
    return "\n".join([*lines, "", f"On: {'; '.join(machines)}.", ""])
