"""What the tests of a run's report share: a small run, trained once."""

from __future__ import annotations

from pathlib import Path

import pytest

from byhand.metrics.evaluation import Evaluation
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import start


@pytest.fixture(scope="session")
def small_run(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Neither perfect nor useless, with the test digits watched."""
    training = {"epochs": 2, "batch_size": 50, "lr": 0.02, "threads": 1, "watch_test": True}
    recipe = Recipe("small", network={"name": "mlp", "hidden": [12]}, training=training, data={"name": str(npz)})
    return start(recipe, tmp_path_factory.mktemp("runs"), "small")


@pytest.fixture
def trained(small_run: Run) -> Run:
    return small_run


@pytest.fixture
def found(trained: Run) -> Evaluation:
    return Evaluation.of(trained.network, trained.splits().test)
