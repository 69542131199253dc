"""The proof of the javascript hand: it holds for every layer, and finds every mistake in a backward pass."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main
from byhand.errors import ByhandError
from byhand.models.layers import (
    GELU,
    LAYERS,
    Attention,
    BatchNorm1d,
    BatchNorm2d,
    Bidirectional,
    Container,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2d,
    Patches,
    Positions,
    Recurrent,
    ReLU,
    Residual,
    Select,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec
from byhand.verify import javascript, javascript_runtime, one_thread, prove_optimizers
from byhand.verify.javascript import check_javascript, check_javascript_optimizers

NODE = shutil.which("node")
BROWSER = next(filter(None, map(shutil.which, javascript_runtime.BROWSERS)), None)
either = pytest.mark.skipif(not (NODE or BROWSER), reason="neither Node nor Chromium is installed")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def network(*layers: Layer, shape: tuple[int, ...] = (6, 5), **settings: Any) -> Spec:
    return Spec((Standardize(), *layers, Linear(3)), input_shape=shape, **settings)


SPECS = {
    "dense": network(
        *(Flatten(), Linear(9), Standardize(), Select((3, 1, 7, 8, 2)), Linear(9), ReLU(), Linear(6), Sigmoid()),
        *(Linear(5), Tanh(), Linear(5), GELU(), Dropout(0.3)),
    ),
    "convolution": network(
        *(Conv2d(2, 3, stride=2, padding=1), BatchNorm2d(), ReLU(), Conv2d(3, 2), MaxPool2d(2), Flatten()),
        shape=(12, 11),
        loss="sigmoid",
        smoothing=0.1,
    ),
    "elman": network(Recurrent("elman", 4, every=True), Recurrent("elman", 3), smoothing=0.1),
    "lstm": network(Recurrent("lstm", 4, every=True), Recurrent("lstm", 3)),
    "gru": network(Recurrent("gru", 4, every=True), Recurrent("gru", 3)),
    "bidirectional": network(
        Bidirectional((Recurrent("gru", 3, every=True), LayerNorm())),
        Bidirectional((Recurrent("lstm", 2),)),
        BatchNorm1d(),
    ),
    "transformer": network(
        *(Patches(2), Linear(4), Positions()),
        *(Residual((LayerNorm(), Attention(2), Dropout(0.2))), Residual((Linear(6), GELU(), Linear(4)))),
        GlobalAveragePool(),
        shape=(6, 4),
    ),
    "residual": network(
        Conv2d(3, 3),
        Residual((Conv2d(3, 3, padding=1), BatchNorm2d())),
        BatchNorm2d(),
        GlobalAveragePool(),
        LayerNorm(),
    ),
}


def kinds(layers: tuple[Layer, ...]) -> Iterator[str]:
    for layer in layers:
        yield layer.kind
        if isinstance(layer, Container):
            yield from kinds(layer.layers)


def test_every_layer_has_a_network() -> None:
    shipped = {kind for kind, one in LAYERS.items() if one.__module__.startswith("byhand.")}
    assert {kind for spec in SPECS.values() for kind in kinds(spec.layers)} == shipped


@either
@pytest.mark.parametrize("name", SPECS)
def test_the_hand_agrees(name: str) -> None:
    doubles, singles = check_javascript(SPECS[name], 0)
    assert doubles.holds, doubles.failures
    assert singles.holds, singles.failures
    assert doubles.tolerance == 1e-10
    assert 0 < doubles.difference < singles.difference <= singles.tolerance == 1e-4
    spec = SPECS[name]
    wanted = {f"{layer}, output" for layer in spec.layer_names} | {"logits", "loss"}
    wanted |= {f"{one.name} after {javascript.STEPS} steps" for one in spec.parameters}
    assert wanted < doubles.details.keys()
    assert sum(", gradient of " in part for part in doubles.details) == len(spec.parameters)


@either
def test_the_optimizers_agree() -> None:
    check = check_javascript_optimizers(0)
    assert check.holds, check.failures
    assert check.compared == 3 * 210
    assert check.name in [one.name for one in prove_optimizers(hands=["javascript"]).checks]


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
def test_a_browser_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYHAND_JAVASCRIPT", str(BROWSER))
    assert javascript_runtime.require_runtime()[0] == "browser"
    checks = check_javascript(SPECS["convolution"], 0)
    assert [check.verdict for check in checks] == ["holds", "holds"]
    assert checks[0].compared > 1000


def test_without_anything_to_run_it_the_checks_are_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BYHAND_JAVASCRIPT", "no-such-program")
    (check,) = check_javascript(SPECS["dense"], 0)
    assert check.verdict == "skipped"
    assert "Node or Chromium" in check.skipped
    assert check_javascript_optimizers(0).verdict == "skipped"
    assert main(["prove", "softmax", "--hands", "javascript"]) == 2
    assert "Node or Chromium" in capsys.readouterr().err


def test_a_hand_that_does_not_run_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: Any) -> None:
    if NODE is None:
        pytest.skip("Node is not installed")
    (tmp_path / "prove.js").write_text("export const answer = () => missing;")
    monkeypatch.setattr(javascript_runtime, "FOLDER", tmp_path)
    with refused("hands.javascript_failed"):
        check_javascript(SPECS["dense"], 0)


def test_hands_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "softmax", "--hands", "fast,java"]) == 2
    assert "javascript" in capsys.readouterr().err


@either
def test_only_the_named_hands_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.toml").write_text('[network]\nname = "mlp"\nhidden = [12]\n', encoding="utf-8")
    words = ["prove", str(tmp_path / "mine.toml"), "--entries", "2", "--out", str(tmp_path / "out"), "--hands"]
    assert main([*words, "javascript"]) == 0
    said = capsys.readouterr().out
    assert " javascript, float64 " in said
    assert " hands agree " not in said
    assert main([*words, "fast"]) == 0
    said = capsys.readouterr().out
    assert " javascript" not in said
    assert " hands agree " in said


OPERATORS = {" + ": " - ", " - ": " + ", " * ": " + ", " / ": " * ", " += ": " = ", " > 0": " < 0", " ** 2": " ** 3"}
CALLS = {"T(": "(", "transpose(": "(", "reversed(": "(", "reversedSteps(": "(", "T - 1; t >= 0; t--": "0; t < T; t++"}


def mutants(file: Path) -> Iterator[tuple[str, str]]:
    """What a slip of the pen makes of a backward pass: the changed line, and the file."""
    text = file.read_text(encoding="utf-8")
    for body in re.finditer(r"^  backward\(.*?^  \}$", text, re.DOTALL | re.MULTILINE):
        # Operators in the equations, and what is forgotten around the arrays.
        changes = [(sign, other, r"=> [^\n]*|\.data\[[^\n]*") for sign, other in OPERATORS.items()]
        changes += [(sign, other, r"[^\n]+") for sign, other in CALLS.items()]
        for sign, other, where in changes:
            for piece in re.finditer(where, body[0]):
                for at in re.finditer(r"(?<!\w)" * sign[0].isalpha() + re.escape(sign), piece[0]):
                    start = body.start() + piece.start() + at.start()
                    made = text[:start] + other + text[start + len(sign) :]
                    line = made[made.rindex("\n", 0, start) : made.index("\n", start)].strip()
                    if not line.startswith("//"):
                        yield line, made


IN_NODE = """
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const file = readFileSync(0);
for (const folder of process.argv.slice(1)) {
  const { answer } = await import(pathToFileURL(folder + "/prove.js"));
  const bytes = answer(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  writeFileSync(folder + "/answer", new Uint8Array(bytes));
}
"""


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="Node is not installed")
@pytest.mark.parametrize(
    ("file", "spec"),
    [
        *(("dense", "dense"), ("convolution", "convolution"), ("elman", "elman"), ("lstm", "lstm"), ("gru", "gru")),
        *(("attention", "transformer"), ("normalization", "residual"), ("residual", "residual")),
        *(("bidirectional", "bidirectional"), ("pooling", "residual")),
        ("pixels", "dense"),
    ],
)
def test_every_mistake_in_a_backward_pass_is_found(
    file: str, spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list(mutants(javascript_runtime.FOLDER / f"{file}.js"))
    folders = [tmp_path / str(number) for number in range(len(made))]
    for folder, (_, text) in zip(folders, made, strict=True):
        shutil.copytree(javascript_runtime.FOLDER, folder)
        (folder / f"{file}.js").write_text(text, encoding="utf-8")
    requests = list[bytes]()

    def asked(request: bytes) -> bytes:
        requests.append(request)
        return javascript_runtime.run_javascript(request)

    monkeypatch.setattr(javascript, "run_javascript", asked)
    assert all(check.holds for check in check_javascript(SPECS[spec], 0))
    words = [str(NODE), "--input-type=module", "--eval", IN_NODE, *map(str, folders)]
    subprocess.run(words, input=requests[0], check=True, timeout=120)
    missed = []
    for folder, (line, _) in zip(folders, made, strict=True):
        monkeypatch.setattr(javascript, "run_javascript", lambda _, folder=folder: (folder / "answer").read_bytes())
        # Or it no longer runs, because shapes do not fit.
        with suppress(ByhandError):
            missed += [line] * check_javascript(SPECS[spec], 0, ("float64",))[0].holds
    assert made
    assert not missed
