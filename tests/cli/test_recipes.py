"""``byhand recipes``: one line, or one object, for every shipped recipe."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from typing import Any

import pytest

from byhand.cli import main
from byhand.cli.recipes import described, entry, first_sentence
from byhand.training.recipe import Recipe, shipped


@pytest.fixture
def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert main(["recipes", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    return {one["name"]: one for one in entries}


def test_json_says_what_the_files_say(listed: dict[str, dict[str, Any]]) -> None:
    assert tuple(listed) == shipped()
    for name, one in listed.items():
        text = (resources.files("byhand") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
        training = tomllib.loads(text)["training"]
        for key in ("optimizer", "epochs"):
            assert one[key] == training[key]
        assert one["lr"] == training.get("lr")
        assert one["batch_size"] == training.get("batch_size", 0)
        assert one["network"].startswith(tomllib.loads(text)["network"].get("name", "own layers"))
        assert one["about"].split()[:3] == text.lstrip("# ").split()[:3]


def test_parameters_are_told_where_they_are_known(listed: dict[str, dict[str, Any]]) -> None:
    counts = {name: one["parameters"] for name, one in listed.items()}
    assert (counts["elman"], counts["lstm"], counts["conv5x5"]) == (21_386, 214_282, 242_062)
    assert {name for name, one in listed.items() if one["by_data"]} == {"cg-mlp", "cg-grid"}
    assert {name for name, count in counts.items() if count is None} == {"cg-mlp", "cg-grid"}
    assert listed["cg-grid"]["sweep"]["hidden"] == [4, 8, 12, 16, 20]
    assert listed["cg-grid"]["network"].startswith("mlp, hidden 4 to 20")
    assert listed["deep-mlp"]["network"] == "mlp, hidden 512-256-128, dropout 0.2"


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["recipe", "network", "parameters", "optimizer", "lr", "batch", "epochs", "about"]
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == list(shipped())
    (tiny,) = [line for line in lines if line.startswith("tiny-cnn ")]
    assert " ".join(tiny.split()).startswith(
        "tiny-cnn tiny-cnn, channels 4-8-16-32, hidden 20 16,614 adam 0.001 100 1 Four small"
    )
    (dropping,) = [line for line in lines if line.startswith("cg-mlp ")]
    assert " depends on the data  cg " in dropping
    assert " searched  " in dropping
    assert " all  " in dropping


def test_a_narrow_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["recipes"]) == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line.split() for line in lines if line.startswith("recipe ")]
    assert heads == [["recipe", "network", "parameters", "optimizer", "lr", "batch", "epochs"], ["recipe", "about"]]
    for name in shipped():
        assert sum(line.startswith(f"{name} ") for line in lines) == 2
    assert "…" not in "".join(lines)


def test_sentences() -> None:
    assert first_sentence("") == ""
    assert first_sentence("Two lines\nof one, e.g. this. And another.") == "Two lines of one, e.g. this."
    assert first_sentence("Rates of 0.5. `byhand` is next.") == "Rates of 0.5."


def test_recipes_of_ones_own() -> None:
    layers = [{"kind": "Standardize"}, {"kind": "Flatten"}, {"kind": "Linear", "units": 10}]
    own = entry(Recipe("own", network={"layers": layers}, training={"batch_size": 0}))
    assert (own["network"], own["parameters"], own["batch_size"], own["lr"]) == ("own layers", 7850, 0, 0.1)
    swept = Recipe("swept", network={"name": "mlp"}, sweep={"hidden": ([10], [20, 5]), "activation": ("relu", "tanh")})
    assert described(swept) == "mlp, hidden 10 to 20-5, activation relu to tanh"
    assert (entry(swept)["parameters"], entry(swept)["by_data"]) == (None, False)
    rates = Recipe("rates", network={"name": "softmax"}, sweep={"lr": (0.1, 0.2)})
    assert entry(rates)["parameters"] == 7850
