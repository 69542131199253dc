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
    assert "`make test`" in README
    assert PYTHON


@pytest.mark.parametrize("line", ["make test", *(line for line in SHELL if line.startswith("make "))])
def test_make_knows_the_target(line: str) -> None:
    # The tests themselves run inside `make test`, so this is a dry run.
    done = subprocess.run([*shlex.split(line), "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def clone(tmp_path: Path, npz: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `make compare` leaves it: `byhand` is in .venv and not on the path. Its digits are few."""
    shutil.copytree(ROOT / "docs" / "pictures", tmp_path / "docs" / "pictures")
    venv, stubs = tmp_path / ".venv" / "bin", tmp_path / "stubs"
    for folder in (venv, stubs):
        folder.mkdir(parents=True)
    for path, text in (
        (venv / "byhand", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m byhand "$@"\n'),
        (venv / "activate", f"PATH={shlex.quote(str(venv))}:$PATH\n"),
        (stubs / "make", "#!/bin/sh\n"),
    ):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stubs}:/usr/bin:/bin")
    monkeypatch.setenv("BYHAND_DATA", str(npz))
    return tmp_path


@pytest.mark.slow
def test_the_commands_run_as_printed_and_a_second_time(clone: Path) -> None:
    lines = [line for line in SHELL if line != "byhand lab"]
    # Nothing that was written the first time is in the way; what writes nothing is not repeated.
    again = [line for line in lines if line.split()[1] not in ("bench", "prove", "recipes", "read")]
    script = "\n".join(["set -ex", *lines, "echo again >&2", *again])
    done = subprocess.run(["/bin/sh", "-c", script], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = {path.relative_to(clone).as_posix() for path in clone.rglob("*")}
    assert {"runs/mlp-fast-2", "two/report.html", "inside/look.html", "pictures/mlp.svg", "digits.onnx"} <= written


@pytest.mark.slow
def test_the_lab_starts(tmp_path: Path) -> None:
    assert "byhand lab" in SHELL
    check_lab(["byhand", "lab"], tmp_path, dict(os.environ))


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
def test_the_python_runs_as_printed(text: str, clone: Path) -> None:
    done = subprocess.run([sys.executable, "-c", text], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_links() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src(?:set)?="([^"]+)"', README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
