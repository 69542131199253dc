"""Every command that the front door shows is run, on small digits."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
SHELL = [
    line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line and not line.startswith("#")
]
PYTHON = [text for kind, text in BLOCKS if kind == "python"]


def test_the_front_door_has_commands() -> None:
    assert "make compare" in SHELL
    assert "make test" in SHELL
    assert PYTHON


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("make ")])
def test_make_knows_the_target(line: str) -> None:
    # The tests run inside `make test`; a dry run shows that the target and what it needs are there.
    done = subprocess.run([*shlex.split(line), "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_commands_run_in_their_order(tmp_path: Path) -> None:
    environment = {**os.environ, "BYHAND_CACHE": str(tmp_path / "cache")}
    # Offline and without MNIST, `auto` gives the embedded digits.
    environment.pop("BYHAND_DATA", None)
    for line in SHELL:
        if line.startswith(("make ", "git ", "cd ", "pip ")):
            continue
        words = shlex.split(line, comments=True)
        assert words[0] == "byhand", line
        if words[1] in ("train", "compare", "evaluate", "bench"):
            words += ["--offline"]
        done = subprocess.run(
            [sys.executable, "-m", "byhand", *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("text", PYTHON)
def test_the_python_runs(text: str, tmp_path: Path) -> None:
    environment = {**os.environ, "BYHAND_CACHE": str(tmp_path / "cache")}
    environment.pop("BYHAND_DATA", None)
    # A test reaches for no network: `auto` becomes the embedded digits.
    small = text.replace('load_digits("mnist")', 'load_digits("digits")').replace('"mlp",', '"mlp", data="digits",')
    done = subprocess.run([sys.executable, "-c", small], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src(?:set)?="([^"]+)"', README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
