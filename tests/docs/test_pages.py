"""The pages of the documentation do what they say."""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main
from byhand.cli.compare import configure
from byhand.compare.default_networks import DEFAULT_NETWORKS
from byhand.training.recipe import load_recipe
from byhand.viz.comparison_table import COLUMNS

DOCS = Path(__file__).parents[2] / "docs"


def blocks_of(page: str, language: str) -> list[str]:
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
    code = "\n".join(blocks_of("exporting.md", "python"))
    labels = ran(python, code.replace('byhand.train("mlp",', 'byhand.train("mlp", data="digits",')).splitlines()[-1]
    assert re.fullmatch(r"\['\d', '\d', '\d'\]", labels)
    assert {"digits.onnx", "elu.onnx"} <= {path.name for path in tmp_path.iterdir()}


def test_the_commands_on_exporting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    lines = [
        line for text in blocks_of("exporting.md", "sh") for line in text.splitlines() if line.startswith("byhand")
    ]
    assert lines
    for line in lines:
        # Shipped weights stand in for the run.
        assert main(line.replace("runs/mlp-fast", "mlp").split()[1:]) == 0


@pytest.mark.slow
def test_scikit_learn_runs(python: Callable[..., Any]) -> None:
    search, pictures = blocks_of("scikit-learn.md", "python")
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


COMPARING = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    lines = COMPARING[COMPARING.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_default_networks() -> None:
    assert table("network") == [
        [
            one.recipe,
            ", ".join(one.hands),
            ", ".join([str(one.epochs), *(f"{key} {value}" for key, value in one.settings.items())]),
            ", ".join(
                [
                    str(one.small_epochs),
                    *(f"{key} {value}" for key, value in (one.settings | one.small_settings).items()),
                ]
            ),
            str(load_recipe(one.recipe).config.epochs),
        ]
        for one in DEFAULT_NETWORKS
    ]


def test_every_column_is_explained() -> None:
    listed = ", ".join(row[0] for row in table("column")).split(", ")
    assert listed == list(COLUMNS[2:])


def test_its_commands_are_ours() -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    for line in re.findall(r"^byhand compare(.*?)(?:#.*)?$", COMPARING, re.MULTILINE):
        parser.parse_args(line.split())


@pytest.mark.slow
def test_its_python_runs(python: Callable[..., Any]) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", COMPARING, re.DOTALL)
    small = text.replace("(epochs=1)", '(epochs=1).with_data(name="digits")')
    assert small != text
    done = python("-c", small)
    assert done.returncode == 0, done.stderr
    assert "('softmax', (0." in done.stdout


ROOT = Path(__file__).parents[2]
SIDE_BY_SIDE = (ROOT / "docs" / "side-by-side.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"<!-- (\S+) (\S+) -->\n```python\n(.*?)\n```", SIDE_BY_SIDE, re.DOTALL)


def source(path: str, name: str) -> str:
    """The code of a class, a function or a method in a file of a hand."""
    text = (ROOT / "src" / "byhand" / "hands" / path).read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        node = next(inner for inner in ast.iter_child_nodes(node) if getattr(inner, "name", "") == part)
    assert isinstance(node, ast.ClassDef | ast.FunctionDef)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]))


@pytest.mark.parametrize(("path", "name", "code"), SHOWN, ids=lambda value: value if " " not in value else "")
def test_the_page_shows_the_source(path: str, name: str, code: str) -> None:
    assert code == source(path, name), f"docs/side-by-side.md: copy {name} from {path} again"


def test_every_block_of_code_is_held_to_a_file() -> None:
    assert len(SHOWN) == SIDE_BY_SIDE.count("```python") == 19
