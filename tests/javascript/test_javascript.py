"""The javascript hand's own tests, in Node; its types; and what it shares with Python bit by bit."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand import weights
from byhand.models import layers, zoo
from byhand.models.initial_weights import starting_values
from byhand.rng import generator

ROOT = Path(__file__).parents[2]
HAND = ROOT / "src" / "byhand" / "hands" / "by_javascript"


@pytest.fixture
def node() -> Callable[..., Any]:
    """``node(script, *words)``: what a module printed, as JSON; ``HAND`` in it is the address of the hand's folder."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")

    def run(script: str, *words: str) -> Any:
        script = script.replace("HAND", HAND.as_uri())
        done = subprocess.run(
            ["node", "--input-type=module", "--eval", script, *words], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_pure_functions(node: Callable[..., Any]) -> None:
    done = subprocess.run(["node", "--test", str(Path(__file__).parent)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"# pass (\d+)", done.stdout)[1]) > 10  # type: ignore[index]


@pytest.mark.skipif(shutil.which("tsc") is None, reason="TypeScript is not installed")
def test_types() -> None:
    done = subprocess.run(["tsc", "--project", str(ROOT)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_streams_are_those_of_numpy(node: Callable[..., Any]) -> None:
    script = """
        const { generator } = await import("HAND/rng.js");
        const streams = [[0], [7, "init", "W_xh"], [2 ** 40 + 3, "shuffle", 12]].map((name) => generator(...name));
        const drawn = streams.map((one) => [one.bits(), one.float64(), one.float32(), one.float32(), one.float32()]);
        console.log(JSON.stringify(drawn.map((numbers) => numbers.map(String))));
    """
    streams = [generator(0), generator(7, "init", "W_xh"), generator(2**40 + 3, "shuffle", 12)]
    for ours, (bits, *floats) in zip(streams, node(script), strict=True):
        assert int(ours.bit_generator.random_raw()) == int(bits)
        expected = [ours.random(), *ours.random(3, dtype=np.float32)]
        assert [float(number) for number in floats] == expected


@pytest.mark.parametrize("init", ["glorot_uniform", "he_uniform", "torch"])
def test_uniform_starting_weights_are_those_of_python(node: Callable[..., Any], init: str) -> None:
    spec = zoo.network("lstm", hidden=5, init=init, forget_bias=1.0)
    script = """
        const { Spec } = await import("HAND/spec.js");
        const { startingValues } = await import("HAND/initial_weights.js");
        const values = startingValues(new Spec(JSON.parse(process.argv[1])), 3);
        console.log(JSON.stringify([...values].map(([name, { data, shape }]) => [name, [...data], shape])));
    """
    found = node(script, json.dumps(spec.to_dict()))
    ours = starting_values(spec, 3)
    assert [name for name, _, _ in found] == list(ours)
    for name, data, shape in found:
        np.testing.assert_array_equal(np.array(data).reshape(shape), ours[name])


def test_a_normal_start_has_the_same_spread(node: Callable[..., Any]) -> None:
    script = """
        const { Spec } = await import("HAND/spec.js");
        const { startingValues } = await import("HAND/initial_weights.js");
        console.log(JSON.stringify([...startingValues(new Spec(JSON.parse(process.argv[1])), 0).get("W1").data]));
    """
    spec = zoo.network("mlp", init="he_normal")
    found, ours = np.array(node(script, json.dumps(spec.to_dict()))), starting_values(spec, 0)["W1"]
    assert found.std() == pytest.approx(ours.std(), rel=0.01)
    assert abs(found.mean()) < 0.001


@pytest.mark.parametrize("name", ["tiny-cnn", "lstm", "reader"])
def test_shipped_weights_answer_as_in_python(node: Callable[..., Any], name: str) -> None:
    script = """
        import { readFileSync } from "node:fs";
        const { readNetwork } = await import("HAND/checkpoint.js");
        const bytes = readFileSync(process.argv[1]);
        const { network } = readNetwork(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
        const images = Uint8Array.from({ length: 3 * 784 }, (_, i) => (i * 7919) % 256);
        console.log(JSON.stringify([...network.logits(images).data]));
    """
    images = (np.arange(3 * 784) * 7919 % 256).astype(np.uint8).reshape(3, 28, 28)
    expected = weights.load(name).logits(images)
    found = np.array(node(script, str(ROOT / "src" / "byhand" / "weights" / f"{name}.safetensors")))
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-4 * np.abs(expected).max())


def test_every_layer_is_described_as_in_python(node: Callable[..., Any]) -> None:
    script = """
        const { DESCRIPTIONS } = await import("HAND/descriptions.js");
        console.log(JSON.stringify([...DESCRIPTIONS].map(([kind, { defaults }]) => [kind, defaults])));
    """
    shipped = {kind: one for kind, one in layers.LAYERS.items() if one.__module__.startswith("byhand.")}
    expected = {kind: {item.name: item.default for item in dataclasses.fields(one)} for kind, one in shipped.items()}
    # JSON has lists for tuples.
    assert dict(node(script)) == json.loads(json.dumps(expected))


def test_the_modules_stand_alone() -> None:
    """No library, no evaluation of text, nothing that only Node has, and nothing from elsewhere."""
    files = sorted(HAND.glob("*.js"))
    assert len(files) > 20
    for file in files:
        text = file.read_text(encoding="utf-8")
        for name in re.findall(r'(?:from|import|import\()\s*"([^"]+)"', text):
            assert name.startswith("./"), f"{file.name} imports {name}"
            assert (HAND / name).is_file(), f"{file.name} imports {name}"
        assert not re.search(r"\b(eval|Function|require|process|document|window)\s*[.(]", text), file.name


def test_files_are_named_as_those_of_the_numpy_hand() -> None:
    twins = {file.stem for file in (HAND.parent / "by_numpy").glob("*.py")} - {"__init__"}
    assert twins <= {file.stem for file in HAND.glob("*.js")}
