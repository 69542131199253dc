"""Every command in the documentation and in the commands' own help is one of ours, on files that are there."""

from __future__ import annotations

import argparse
import importlib
import itertools
import re
import shlex
from pathlib import Path

import pytest

from byhand.cli import COMMANDS, WITH_LAYERS, add_import
from byhand.cli.parser import Parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in PAGES}
TEXTS |= {
    f"cli/{path.name}": path.read_text(encoding="utf-8").split('"""')[1]
    for path in sorted((ROOT / "src" / "byhand" / "cli").glob("*.py"))
}
WRITTEN = (
    "--out",
    "--onnx",
    "--submission",
    "--probabilities",
    "--explain",
    "--figures",
    "--name",
    "--write",
    "--runs",
)
"""Options that name what a command writes."""
MADE = {"runs", "runs/mlp-fast"}
"""What the README's commands make."""


def commands() -> list[tuple[str, str]]:
    """Pages and the commands on them, without the description that follows a comment sign or some blanks."""
    return [
        (name, re.split(r"\s+#\s|\s{2,}", line.removeprefix("$ "))[0].strip())
        for name, text in TEXTS.items()
        for line in re.findall(r"^(?:\$ )?byhand [a-z].*$", text, re.MULTILINE)
    ]


def test_there_are_many() -> None:
    assert len(commands()) > 60
    assert len({name for name, _ in commands()}) > 20


@pytest.mark.parametrize(("name", "line"), commands())
def test_a_command_is_one_of_ours(name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, command, *words = shlex.split(line)
    if command in ("COMMAND", "--help"):
        return
    assert command in COMMANDS
    module = importlib.import_module(f"byhand.cli.{command}")
    parser = Parser(allow_abbrev=False)
    module.configure(parser)
    if command in WITH_LAYERS:
        add_import(parser)
    parser.parse_args(words, argparse.Namespace(words=words))


# The page on adding a layer makes its files itself, and its test runs its commands.
@pytest.mark.parametrize(("name", "line"), [found for found in commands() if found[0] != "adding-a-layer.md"])
def test_its_files_are_there(name: str, line: str) -> None:
    """Files of the repository, runs that the README makes, or "my" files, which are the reader's own."""
    made = MADE | {word for _, other in commands() for word in written(other)}
    words = shlex.split(line)[1:]
    for before, word in itertools.pairwise(words):
        if before in WRITTEN or not re.search(r"^[^-\d].*/|\.(jpg|png|csv|toml|npz|onnx|py)$", word):
            continue
        own = Path(word).name.startswith("my") or word.startswith("~")
        assert own or word.rstrip("/") in made or (ROOT / word).exists(), f"{name}: {word} in {line}"


def written(line: str) -> list[str]:
    """What a command writes."""
    return [word.rstrip("/") for before, word in itertools.pairwise(shlex.split(line)) if before in WRITTEN]
