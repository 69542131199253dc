"""Real digits: an example that fails if its accuracy falls."""

from __future__ import annotations

from pathlib import Path

import pytest

from byhand.training.recipe import load_recipe
from byhand.training.trainer import start


@pytest.mark.slow
def test_an_epoch_of_mlp_reads_nineteen_of_twenty_digits(real_mnist: Path, tmp_path: Path) -> None:
    recipe = load_recipe("mlp").with_settings(hand="numpy", epochs=1).with_data(name=str(real_mnist))
    assert start(recipe, tmp_path).results["validation"]["accuracy"] >= 0.95
