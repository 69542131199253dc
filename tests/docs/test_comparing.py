"""docs/comparing.md lists the default networks and the columns, and its code runs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.cli.compare import configure
from byhand.compare.default_networks import DEFAULT_NETWORKS
from byhand.training.recipe import load_recipe
from byhand.viz.comparison_table import COLUMNS

PAGE = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    lines = PAGE[PAGE.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_default_networks() -> None:
    assert table("network") == [
        [
            one.recipe,
            ", ".join(one.hands),
            str(one.epochs),
            ", ".join([str(one.small_epochs), *(f"{key} {value}" for key, value in one.small_settings.items())]),
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
    for line in re.findall(r"^byhand compare(.*?)(?:#.*)?$", PAGE, re.MULTILINE):
        parser.parse_args(line.split())


@pytest.mark.slow
def test_its_python_runs(python: Callable[..., Any]) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    small = text.replace("(epochs=1)", '(epochs=1).with_data(name="digits")')
    assert small != text
    done = python("-c", small)
    assert done.returncode == 0, done.stderr
    assert "('softmax', (0." in done.stdout
