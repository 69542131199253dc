"""Layers of one's own from the command line: ``--import my_layers.py``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main
from byhand.models import own_layers
from byhand.models.layers import LAYERS

pytest.importorskip("torch")

LAYER = '''
from dataclasses import dataclass

import numpy as np
import torch

from byhand.hands.by_numpy.layer import Layer as NumpyLayer
from byhand.hands.by_numpy.layer import implements as by_numpy
from byhand.hands.by_tensor.layer import implements as by_tensor
from byhand.hands.by_torch.layer import implements as by_torch
from byhand.models.layers import Layer


@dataclass(frozen=True)
class Softsign(Layer):
    """``x / (1 + |x|)``."""


@by_numpy(Softsign)
class NumpySoftsign(NumpyLayer):
    def forward(self, x, parameters, mode):
        return x / (1 + abs(x)), x

    def backward(self, dy, x):
        return dy / (1 + abs(x)) ** 2, ()


@by_tensor(Softsign)
def softsign(settings, x, parameters, mode):
    return x / (1 + x.abs())


@by_torch(Softsign)
def torch_softsign(settings, shape):
    return torch.nn.Softsign()
'''
RECIPE = """
[network]
layers = [
    { kind = "Standardize" }, { kind = "Flatten" }, { kind = "Linear", units = 6 }, { kind = "Softsign" },
    { kind = "Linear", units = 10 },
]
[training]
epochs = 2
threads = 1
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of a layer and a recipe with it; afterwards nobody knows the layer."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(own_layers, "_imported", {})
    Path("my_layers.py").write_text(LAYER, encoding="utf-8")
    Path("own.toml").write_text(RECIPE, encoding="utf-8")
    yield tmp_path
    forget()


def forget() -> None:
    LAYERS.pop("Softsign", None)
    sys.modules.pop("my_layers", None)
    own_layers._imported.clear()


@pytest.fixture
def own_run(npz: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    words = ["train", "own.toml", "--import", "my_layers.py", "--data", str(npz), "--name", "own", "--no-report"]
    assert main(words) == 0
    capsys.readouterr()
    return Path("runs/own")


def test_every_command_that_reads_a_recipe_or_a_run(
    own_run: Path, npz: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in (
        "show own.toml",
        "prove own.toml --entries 2 --processes 2",
        f"evaluate {own_run} --hand torch",
        f"predict {own_run} --data {npz}",
        f"look {own_run} --map none",
        f"report {own_run}",
        f"compare own.toml --hands fast --data {npz} --out two --no-report",
    ):
        forget()
        assert main([*line.split(), "--import", "my_layers.py"]) == 0, (line, capsys.readouterr())
        forget()
        capsys.readouterr()
        assert main(line.split()) == 2
        error = capsys.readouterr().err
        # The run knows which file it needs; nothing is executed.
        assert "--import" in error
        if str(own_run) in line:
            assert f"--import {Path('my_layers.py').resolve()}" in error
            assert "[run.needs_import]" in error
        assert "my_layers" not in sys.modules


@pytest.mark.parametrize("command", ["lab --no-browser", "serve --port 0"])
def test_the_services_show_a_run_with_own_layers(
    command: str, own_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: the sentence advised an option that they did not have."""
    pytest.importorskip("fastapi")
    from byhand.server.app import create_app

    shown = list[str]()
    monkeypatch.setattr(
        "byhand.server.serving.serve",
        lambda config, opened, **_: shown.extend(create_app(config).state.runtime.registry.models),
    )
    words = [*command.split(), "--run", str(own_run)]
    forget()
    assert main(words) == 2
    assert "[run.needs_import]" in capsys.readouterr().err
    assert main([*words, "--import", "my_layers.py"]) == 0
    assert shown[-1] == "own"


def test_a_run_remembers_path_and_hash(own_run: Path, capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    recorded = json.loads((own_run / "environment.json").read_text(encoding="utf-8"))["imports"]
    assert list(recorded) == [str(Path("my_layers.py").resolve())]
    assert all(len(digest) == 64 for digest in recorded.values())
    assert main(["evaluate", str(own_run), "--import", "my_layers.py"]) == 0
    assert "changed" not in capsys.readouterr().err
    forget()
    # Elsewhere it may lie in another folder; a changed file is said to be one.
    Path("other").mkdir()
    shutil.move("my_layers.py", "other/my_layers.py")
    assert main(["evaluate", str(own_run), "--import", "other/my_layers.py"]) == 0
    assert "changed" not in capsys.readouterr().err
    forget()
    Path("my_layers.py").write_text(LAYER + "\n# changed\n", encoding="utf-8")
    assert main(["evaluate", str(own_run), "--import", "my_layers.py"]) == 0
    assert "has changed since" in capsys.readouterr().err


def test_networks_of_byhands_own_layers_need_no_file(npz: Path) -> None:
    words = ["--data", str(npz), "-ep", "1", "-hid_dim", "4", "--no-report", "--import", "my_layers.py"]
    assert main(["train", "mlp", *words]) == 0
    assert "imports" not in json.loads(Path("runs/mlp-fast/environment.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("nowhere.py", None, "import.not_found"),
        ("layers.txt", "", "import.invalid_name"),
        ("my-layers.py", "", "import.invalid_name"),
        ("json.py", "", "import.invalid_name"),
        ("numpy.py", "", "import.invalid_name"),
        ("broken.py", "def", "import.failed"),
        ("broken.py", "import nothing_of_that_name", "import.failed"),
        ("broken.py", "1 / 0", "import.failed"),
    ],
)
def test_files_that_are_refused(name: str, content: str | None, code: str, refused: Callable[[str], Any]) -> None:
    if content is not None:
        Path(name).write_text(content, encoding="utf-8")
    with refused(code):
        own_layers.import_file(name)
    assert "broken" not in sys.modules
    assert main(["show", "mlp", "--import", name]) == 2


def test_help_runs_nothing() -> None:
    Path("my_layers.py").write_text("raise SystemExit(9)", encoding="utf-8")
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--import", "my_layers.py", "--help"])
