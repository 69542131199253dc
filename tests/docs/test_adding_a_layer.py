"""The page on adding a layer does what it says: its code runs from top to bottom, and prints what the page shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-layer.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def without_numbers(text: str) -> list[str]:
    """The lines with every number and place taken out, which rounding may choose."""
    masked = re.sub(r"\[[\d, ]+\]|-?\d[\d,.]*(e[+-]\d+)?", "#", text)
    # Which of two hands is a rounding further away is the processor's affair.
    masked = re.sub(r"(fast|tensor|torch) hand after", "# hand after", masked)
    return [re.sub(r"\s+", " ", line).strip() for line in masked.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The files that the page's code belongs to, by the first line of every block."""
    found: dict[str, str] = {}
    for block in blocks("python"):
        name, code = block.split("\n", 1)
        found[name.removeprefix("# ")] = found.get(name.removeprefix("# "), "") + "\n\n" + code
    return found


@pytest.mark.slow
def test_the_page_runs(files: dict[str, str], python: Callable[..., Any], tmp_path: Path) -> None:
    assert sorted(files) == ["elu.py", "scaled.py", "try_elu.py"]
    for name, code in files.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    done = python("-W", "error", "try_elu.py")
    assert done.returncode == 0, done.stdout + done.stderr
    printed = without_numbers(done.stdout)
    shown = [without_numbers(block) for block in blocks("text")]
    assert len(shown) == 2
    length = len(shown[0])
    assert printed[:length] == shown[0]
    assert printed[length : length + len(shown[1])] == shown[1]
    assert "FAILS" not in "\n".join(shown[0])
    assert any(line.startswith("ELU, input#") for line in shown[1])
    # The commands know the layer if they import its file.
    (commands,) = blocks("sh")
    for line in commands.splitlines():
        done = python("-m", *line.split())
        assert done.returncode == 0, done.stdout + done.stderr
    # And byhand by itself does not.
    done = python("-m", "byhand", "prove", "elu.toml")
    assert done.returncode == 2
    assert "ELU" in done.stderr


@pytest.mark.slow
def test_the_layer_made_of_layers_is_proven(files: dict[str, str], python: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "scaled.py").write_text(files["scaled.py"], encoding="utf-8")
    done = python("-W", "error", "scaled.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILS" not in done.stdout
