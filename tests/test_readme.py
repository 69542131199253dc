"""Every command in the README is run, on small digits."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
SHELL = [
    line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line and not line.startswith("#")
]
PYTHON = [text for kind, text in BLOCKS if kind == "python"]


def test_the_readme_has_commands() -> None:
    assert "make compare" in SHELL
    assert "make test" in SHELL
    assert PYTHON


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("make ")])
def test_make_knows_the_target(line: str) -> None:
    # The tests themselves run inside `make test`, so this is a dry run.
    done = subprocess.run([*shlex.split(line), "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_commands_run_in_their_order(tmp_path: Path) -> None:
    environment = {**os.environ, "BYHAND_CACHE": str(tmp_path / "cache")}
    shutil.copytree(ROOT / "docs" / "pictures", tmp_path / "docs" / "pictures")
    # Offline and without MNIST, `auto` uses the embedded digits.
    environment.pop("BYHAND_DATA", None)
    for line in SHELL:
        if line.startswith(("make ", "git ", "cd ", "pip ")):
            continue
        words = shlex.split(line, comments=True)
        assert words[0] == "byhand", line
        if words[1] in ("train", "compare", "evaluate", "bench", "report", "look", "export"):
            words += ["--offline"]
        if words[1] == "lab":
            check_lab(words, tmp_path, environment)
            continue
        done = subprocess.run(
            [sys.executable, "-m", "byhand", *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def check_lab(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Start the lab, check its health, and stop it."""
    command = [sys.executable, "-m", "byhand", *words[1:], "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as lab:
        try:
            assert lab.stdout is not None
            address = next(found for line in lab.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            with urllib.request.urlopen(f"{address[0]}/healthz", timeout=30) as response:  # noqa: S310  # ours
                assert response.status == 200
        finally:
            lab.send_signal(signal.SIGINT)


@pytest.mark.slow
@pytest.mark.parametrize("text", PYTHON)
def test_the_python_runs(text: str, tmp_path: Path) -> None:
    environment = {**os.environ, "BYHAND_CACHE": str(tmp_path / "cache")}
    environment.pop("BYHAND_DATA", None)
    shutil.copytree(ROOT / "docs" / "pictures", tmp_path / "docs" / "pictures")
    small = text.replace('load_digits("mnist")', 'load_digits("digits")').replace(
        'train("mlp",', 'train("mlp", data="digits",'
    )
    done = subprocess.run([sys.executable, "-c", small], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_links() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src(?:set)?="([^"]+)"', README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
