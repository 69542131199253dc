"""Every setting of a training is checked."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from byhand.training.config import TrainingConfig


@pytest.mark.parametrize("name", ["hand", "optimizer", "schedule", "dtype", "augment"])
def test_unknown_names(name: str, refused: Any) -> None:
    with refused(f"recipe.unknown_{name}"):
        TrainingConfig(**{name: "cosin"})


@pytest.mark.parametrize(
    "settings",
    [
        *({name: 0} for name in ("epochs", "step_every")),
        *({name: value} for name in ("lr", "epsilon", "gamma") for value in (0.0, -1.0, math.nan, math.inf)),
        *({name: -1} for name in ("seed", "threads", "batch_size", "patience")),
        *({name: value} for name in ("l2", "clip", "nondigits") for value in (-0.1, math.nan, math.inf)),
        *({name: value} for name in ("momentum", "beta1", "beta2", "alpha", "warmup") for value in (-0.1, 1.0)),
        {"threads": 1025},
        {"optimizer": "cg", "clip": 1.0},
        {"optimizer": "lbfgs", "schedule": "cosine"},
        {"optimizer": "cg", "augment": "writing"},
        {"l2_over_rows": True},
        {"nondigits": 0.5},
    ],
    ids=str,
)
def test_refused(settings: dict[str, Any], refused: Any) -> None:
    with refused("recipe.invalid_setting"):
        TrainingConfig(**settings)


def test_defaults() -> None:
    assert TrainingConfig(**TrainingConfig.defaults()) == TrainingConfig()
    assert set(TrainingConfig.defaults()) == {field.name for field in dataclasses.fields(TrainingConfig)}
    assert [TrainingConfig(optimizer=name).full_batch for name in ("sgd", "cg", "lbfgs")] == [False, True, True]
