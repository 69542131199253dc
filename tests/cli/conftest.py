"""Every command runs in an empty folder; one small run serves all that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import start


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="session")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Neither perfect nor useless."""
    training = {"epochs": 1, "batch_size": 50, "lr": 0.02, "threads": 1}
    recipe = Recipe("small", network={"name": "mlp", "hidden": [12]}, training=training, data={"name": str(npz)})
    return start(recipe, tmp_path_factory.mktemp("runs"), "small")
