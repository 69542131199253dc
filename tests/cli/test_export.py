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
from byhand.training import run as runs
from byhand.training.checkpoint import Checkpoint
from byhand.training.recipe import Recipe, parse_recipe
from byhand.training.run import Run
from byhand.training.trainer import start

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module", params=["numpy", "torch"])
def trained(request: pytest.FixtureRequest, npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    if request.param == "torch":
        pytest.importorskip("torch")
    training = {"epochs": 1, "batch_size": 50, "lr": 0.02, "threads": 1, "hand": request.param}
    recipe = Recipe("small", network={"name": "gru", "hidden": 12}, training=training, data={"name": str(npz)})
    return start(recipe, tmp_path_factory.mktemp("runs"), "small")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run(trained: Run, capsys: pytest.CaptureFixture[str], pictures: Callable[..., Any]) -> None:
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


def test_a_checkpoint(trained: Run, pictures: Callable[..., Any]) -> None:
    assert main(["export", str(trained.path / runs.CHECKPOINT), "--onnx", "a.onnx"]) == 0
    images = pictures(5)[0]
    np.testing.assert_allclose(export.Session("a.onnx").logits(images), trained.network.logits(images), atol=1e-5)


def test_shipped_weights(pictures: Callable[..., Any], npz: Path) -> None:
    for name in weights.names():
        assert main(["export", name, "--onnx", "a.onnx", "--data", str(npz)]) == 0
        session, network = export.Session("a.onnx"), weights.load(name)
        images = pictures(5)[0]
        logits = network.logits(images)
        np.testing.assert_allclose(session.logits(images), logits, atol=1e-4 * np.abs(logits).max())
        assert json.loads(session.metadata["results"]) == json.loads(json.dumps(weights.card(name)))


def test_a_run_that_is_not_done(trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    for file in trained.path.iterdir():
        if file.name != runs.RESULTS:
            (unfinished / file.name).write_bytes(file.read_bytes())
    assert main(["export", "./unfinished", "--onnx", "a.onnx"]) == 0
    assert "is not done: 1 of 1 epochs" in capsys.readouterr().err


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
        ([str(trained.path), "--onnx", "text.txt/a.onnx"], "io.cannot_write"),
    ):
        assert main(["export", "--onnx", "a.onnx", *words]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert code in printed.err, printed.err
        assert printed.err.count("\n") == 1
    assert main(["export", str(trained.path)]) == 2
    assert "--onnx" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.safetensors", "folder.onnx", "text.txt"]


def test_no_torch_is_needed(python: Callable[..., Any]) -> None:
    script = "import sys; from byhand.cli import main; main(sys.argv[1:]); print('torch' in sys.modules)"
    done = python("-c", script, "export", "lstm", "--onnx", "a.onnx")
    assert done.stdout.splitlines()[-1] == "False", done.stderr
