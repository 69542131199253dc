"""``byhand prove``: what it prints, writes and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main

MINE = '[network]\nname = "mlp"\nhidden = [12]\n'


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


def test_a_table_a_picture_and_numbers(mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    from PIL import Image

    out = tmp_path / "out"
    words = ["--entries", "3", "--processes", "1", "--hands", "fast,tensor,torch", "--out", str(out)]
    assert main(["prove", mine, "softmax", *words]) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[0].split() == ["network", "check", "compared", "difference", "tolerance", "verdict"]
    for name in ("gradients", "backward passes", "hands agree", "drift, float64", "first loss", "learns a batch"):
        assert sum(f" {name} " in line and line.endswith("holds") for line in lines) == 2
    assert sum(line.endswith("measured") for line in lines) == 2
    assert "2 networks, 22 checks" in said
    assert "everything holds." in said
    assert sorted(path.name for path in out.iterdir()) == ["drift.png", "drift.svg", "proof.json"]
    with Image.open(out / "drift.png") as picture:
        assert picture.width > 2000
    drawn = (out / "drift.svg").read_text(encoding="utf-8")
    for word in ("mine", "softmax", "float32", "float64", "10⁻", "dense"):
        assert word in drawn
    assert "mathdefault" not in drawn
    proof = json.loads((out / "proof.json").read_text(encoding="utf-8"))
    assert proof["holds"] is True
    assert [one["network"] for one in proof["proofs"]] == ["mine", "softmax", "optimizers"]


def test_json_and_a_mistake(
    mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from byhand.hands.by_numpy.dense import Linear

    right = Linear.backward

    def backward(self: Any, dy: Any, cache: Any) -> Any:
        dx, (dW, db) = right(self, dy, cache)
        return dx, (dW, -db)

    monkeypatch.setattr(Linear, "backward", backward)
    words = ["prove", mine, "--entries", "3", "--out", str(tmp_path / "out")]
    assert main([*words, "--json"]) == 1
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert "Written" in printed.err
    assert found["holds"] is False
    checks = {check["check"]: check for check in found["proofs"][0]["checks"]}
    assert checks["gradients"]["verdict"] == "FAILS"
    assert [line.split("[")[0] for line in checks["backward passes"]["failures"]] == ["Linear1, b1", "Linear2, b2"]
    assert checks["drift, float32"]["tolerance"] is None
    assert main(words) == 1
    said = capsys.readouterr().out
    assert "    Linear1, b1[" in said
    assert "mine FAILS." in said


def test_the_numpy_hand_is_proven_without_torch(python: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE, encoding="utf-8")
    script = (
        "import importlib.machinery, sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch': raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from byhand.cli import main\n"
        "assert main(['prove', 'mine.toml', '--entries', '3', '--hands', 'fast', '--out', 'out']) == 0\n"
        "print('torch' in sys.modules)"
    )
    done = python("-c", script)
    assert done.stdout.splitlines()[-1] == "False", done.stderr
    # Once, and not for each check.
    assert done.stdout.count("needs PyTorch") == 1
    assert "6 checks were skipped" in done.stdout
    assert done.stdout.count("  holds") == 7
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"proof.json", "drift.svg", "drift.png"}


@pytest.mark.slow
def test_networks_are_proven_side_by_side(python: Callable[..., Any]) -> None:
    pytest.importorskip("torch")
    done = python(
        "-W", "error", "-m", "byhand", "prove", "softmax", "scratch-mlp", "--processes", "2", "--entries", "3"
    )
    assert done.returncode == 0, done.stderr
    assert "2 networks" in done.stdout
    assert done.stdout.index("softmax") < done.stdout.index("scratch-mlp")
