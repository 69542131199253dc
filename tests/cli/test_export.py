"""``byhand export``: runs, checkpoints and shipped weights as ONNX files that compute the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand import export, weights
from byhand.cli import main
from byhand.hands import build
from byhand.training.checkpoint import Checkpoint
from byhand.training.recipe import parse_recipe
from byhand.training.run import Run

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def test_a_run(trained: Run, capsys: pytest.CaptureFixture[str], pictures: Callable[..., Any]) -> None:
    Path("out").mkdir()
    assert main(["export", str(trained.path), "--onnx", "out/small.onnx"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    first, second = printed.out.splitlines()
    size = Path("out/small.onnx").stat().st_size
    assert first == f"out/small.onnx: {trained.path}, {trained.network.spec.size:,} parameters, {size:,} bytes"
    assert 0 < float(second.rpartition(": ")[2]) < 1e-5
    images = pictures(33, seed=4)[0]
    session = export.Session("out/small.onnx")
    np.testing.assert_allclose(session.logits(images), trained.network.logits(images), atol=1e-5)
    assert parse_recipe(session.metadata["recipe"], "small") == trained.recipe
    assert json.loads(session.metadata["results"]) == trained.results


def test_shipped_weights(pictures: Callable[..., Any], npz: Path) -> None:
    for name in weights.names():
        assert main(["export", name, "--onnx", "a.onnx", "--data", str(npz)]) == 0
        session, network = export.Session("a.onnx"), weights.load(name)
        images = pictures(5)[0]
        logits = network.logits(images)
        np.testing.assert_allclose(session.logits(images), logits, atol=1e-4 * np.abs(logits).max())
        assert json.loads(session.metadata["results"]) == json.loads(json.dumps(weights.card(name)))


def test_what_cannot_be_exported(trained: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Path("text.txt").write_text("no checkpoint")
    broken = build(trained.network.spec)
    broken.theta[:] = np.nan
    Checkpoint(broken.spec, 1, broken.parameters()).save(Path("broken.safetensors"))
    Path("folder.onnx").mkdir()
    for words, code in (
        (["nobody"], "run.not_found"),
        (["text.txt"], "checkpoint.damaged"),
        (["broken.safetensors"], "export.not_finite"),
        ([str(trained.path), "--data", "text.txt"], ""),
        ([str(trained.path), "--onnx", "folder.onnx"], "io.cannot_write"),
        ([str(trained.path), "--onnx", "text.txt/a.onnx"], "cli.no_folder"),
    ):
        assert main(["export", "--onnx", "a.onnx", *words]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert code in printed.err, printed.err
        assert printed.err.count("\n") == 1
    assert main(["export", str(trained.path)]) == 2
    assert "--onnx" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.safetensors", "folder.onnx", "text.txt"]
