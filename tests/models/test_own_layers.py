"""Layers defined outside byhand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from byhand.models.layers import LAYERS, Layer, Linear


def test_a_name_that_byhand_has_is_refused(refused: Callable[[str], Any]) -> None:
    with refused("layer.name_taken"):
        type("Linear", (Layer,), {"__module__": "my_layers"})
    assert LAYERS["Linear"] is Linear


def test_ones_own_may_be_defined_again() -> None:
    """As a cell of a notebook does."""
    try:
        kinds = [type("Mine", (Layer,), {"__module__": "__main__"}) for _ in range(2)]
        assert LAYERS["Mine"] is kinds[1]
    finally:
        LAYERS.pop("Mine", None)
