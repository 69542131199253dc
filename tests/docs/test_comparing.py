"""The page on comparing says what the field is, and its code runs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.cli.compare import configure
from byhand.compare.default_networks import FIELD
from byhand.training.recipe import load_recipe
from byhand.viz.comparison_table import SHOWN

PAGE = (Path(__file__).parents[2] / "docs" / "comparing.md").read_text(encoding="utf-8")


def table(head: str) -> list[list[str]]:
    lines = PAGE[PAGE.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_field_is_as_told() -> None:
    assert table("network") == [
        [
            place.recipe,
            ", ".join(place.hands),
            str(place.epochs),
            str(place.few),
            str(load_recipe(place.recipe).config.epochs),
        ]
        for place in FIELD
    ]


def test_every_column_is_explained() -> None:
    told = ", ".join(row[0] for row in table("column")).split(", ")
    assert told == list(SHOWN[2:])


def test_its_commands_are_ours() -> None:
    parser = argparse.ArgumentParser()
    configure(parser)
    for line in re.findall(r"^byhand compare(.*?)(?:#.*)?$", PAGE, re.MULTILINE):
        parser.parse_args(line.split())


@pytest.mark.slow
def test_its_python_runs(python: Callable[..., Any]) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    small = text.replace(".having(epochs=1)", '.having(epochs=1).with_data(name="digits")')
    assert small != text
    done = python("-c", small)
    assert done.returncode == 0, done.stderr
    assert "('softmax', (0." in done.stdout
