"""The page of all layers is the one that the code writes, and a layer has one name everywhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from byhand.models import zoo
from byhand.models.layers import LAYERS
from byhand.models.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "layers.md"
KINDS = [kind for kind in LAYERS.values() if kind.__module__.startswith("byhand.")]


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "write it again: python -m byhand.models.reference > docs/layers.md"
    )


def test_it_lists_every_layer_and_setting() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for kind in KINDS:
        section = text.split(f"\n### {kind.kind}\n")[1].split("\n### ")[0]
        for item in dataclasses.fields(kind):
            assert f"| `{item.name}` |" in section, kind.kind
    for name in zoo.NETWORKS:
        assert f"\n### {name}\n" in text


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_a_layer_has_one_name_in_tables_and_recipes(name: str) -> None:
    for layer in zoo.network(name).layers:
        assert layer.title().split("(")[0] == layer.kind
