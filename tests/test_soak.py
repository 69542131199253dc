"""The soak still runs: a few cases of every part."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[1] / "benchmarks" / "soak"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "scale"), [("kills-fast", 0.01), ("files", 0.003), ("sharing", 0.002), ("requests", 0.002)]
)
def test_a_few_cases(part: str, scale: float, tmp_path: Path) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the soak measures memory by Linux's /proc")
    if part == "sharing":
        pytest.importorskip("torch")
    words = [part, "--scale", str(scale), "--seed", "1", "--out", str(tmp_path), "--work", str(tmp_path / "work")]
    ended = subprocess.run([sys.executable, str(SOAK), *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (entry,) = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    assert (entry["part"], entry["state"], entry["found"]) == (part, "done", 0)
    assert sum(entry["cases"].values()) >= entry["planned"]
    assert f"| {part} |" in (tmp_path / "soak.md").read_text(encoding="utf-8")
