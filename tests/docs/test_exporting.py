"""The code in docs/exporting.md and docs/scikit-learn.md runs, on small digits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def ran(python: Callable[..., Any], code: str) -> str:
    # No download: the embedded digits instead of MNIST.
    done = python("-W", "error", "-c", code.replace('load_digits("mnist")', 'load_digits("digits")'))
    assert done.returncode == 0, done.stdout + done.stderr
    printed: str = done.stdout
    return printed


@pytest.mark.slow
def test_exporting_runs(python: Callable[..., Any], tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    code = "\n".join(blocks("exporting.md", "python"))
    labels = ran(python, code.replace('byhand.train("mlp",', 'byhand.train("mlp", data="digits",')).splitlines()[-1]
    assert re.fullmatch(r"\['\d', '\d', '\d'\]", labels)
    assert {"digits.onnx", "elu.onnx"} <= {path.name for path in tmp_path.iterdir()}


def test_the_commands_on_exporting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    lines = [line for text in blocks("exporting.md", "sh") for line in text.splitlines() if line.startswith("byhand")]
    assert lines
    for line in lines:
        # Shipped weights stand in for the run.
        assert main(line.replace("runs/mlp-fast", "mlp").split()[1:]) == 0


@pytest.mark.slow
def test_scikit_learn_runs(python: Callable[..., Any]) -> None:
    search, pictures = blocks("scikit-learn.md", "python")
    assert len(list(filter(None, search.splitlines()))) == 5
    # A smaller search.
    small = search.replace("[16, 64]", "[8, 64]").replace("[0.001, 0.01]", "[0.01]").replace("cv=3", "cv=2")
    small = small.replace('"mlp",', '"mlp", epochs=3,')
    # An epoch of MNIST has forty times the steps.
    printed = ran(python, small + pictures.replace("epochs=1", "epochs=8")).splitlines()
    chosen = re.fullmatch(r"\{'hidden': 64, 'lr': 0\.01\} (0\.\d+)", printed[-2])
    assert chosen is not None
    assert float(chosen[1]) > 0.8
    assert 0.5 < float(printed[-1]) <= 1
