"""Recipes small enough to be trained in a blink."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.training.recipe import Recipe


@pytest.fixture
def recipe(npz: Path) -> Callable[..., Recipe]:
    """``recipe(**training)``: 784-6-10 with dropout, 50 pictures a step."""

    def made(**training: Any) -> Recipe:
        network = {"name": "mlp", "hidden": [6], "dropout": training.pop("dropout", 0.2)}
        default = {"epochs": 4, "batch_size": 50, "optimizer": "momentum", "lr": 0.05, "threads": 1}
        return Recipe("small", network=network, training=default | training, data={"name": str(npz)})

    return made
