"""Every setting is checked, and told in one sentence."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from byhand.errors import ByhandError
from byhand.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"hand": "nunpy"}, "There is no hand 'nunpy'; perhaps 'numpy' was meant."),
        ({"optimizer": "adan"}, "There is no optimizer 'adan'; perhaps 'adam' was meant."),
        ({"schedule": "cosin"}, "There is no schedule 'cosin'; perhaps 'cosine' was meant."),
        ({"dtype": "float16"}, "There is no dtype 'float16'; perhaps 'float64' was meant."),
        ({"epochs": 0}, "epochs was given as 0; give 1 or more."),
        ({"step_every": 0}, "step_every was given as 0; give 1 or more."),
        ({"lr": 0.0}, "lr was given as 0.0; give more than 0."),
        ({"lr": math.nan}, "lr was given as nan; give more than 0."),
        ({"lr": math.inf}, "lr was given as inf; give more than 0."),
        ({"epsilon": 0.0}, "epsilon was given as 0.0; give more than 0."),
        ({"gamma": -1.0}, "gamma was given as -1.0; give more than 0."),
        ({"seed": -1}, "seed was given as -1; give 0 or more."),
        ({"threads": -1}, "threads was given as -1; give 0 or more."),
        ({"batch_size": -1}, "batch_size was given as -1; give 0 or more."),
        ({"l2": -0.1}, "l2 was given as -0.1; give 0 or more."),
        ({"l2": math.nan}, "l2 was given as nan; give 0 or more."),
        ({"clip": math.inf}, "clip was given as inf; give 0 or more."),
        ({"patience": -1}, "patience was given as -1; give 0 or more."),
        ({"momentum": 1.0}, "momentum was given as 1.0; give a number from 0 to below 1."),
        ({"beta1": -0.1}, "beta1 was given as -0.1; give a number from 0 to below 1."),
        ({"beta2": 1.0}, "beta2 was given as 1.0; give a number from 0 to below 1."),
        ({"alpha": 1.5}, "alpha was given as 1.5; give a number from 0 to below 1."),
        ({"warmup": 1.0}, "warmup was given as 1.0; give a number from 0 to below 1."),
        ({"optimizer": "cg", "clip": 1.0}, "cg finds its own steps; leave out schedule and clip"),
        (
            {"l2_over_rows": True},
            "l2_over_rows is of cg and lbfgs alone, and the optimizer is sgd; set l2_over_rows to false",
        ),
        ({"optimizer": "lbfgs", "schedule": "cosine"}, "lbfgs finds its own steps; leave out schedule and clip"),
    ],
)
def test_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ByhandError) as told:
        TrainingConfig(**settings)
    assert str(told.value).startswith(sentence)


def test_the_usual_settings() -> None:
    assert TrainingConfig(**TrainingConfig.defaults()) == TrainingConfig()
    assert set(TrainingConfig.defaults()) == {field.name for field in dataclasses.fields(TrainingConfig)}
    assert [TrainingConfig(optimizer=name).full_batch for name in ("sgd", "cg", "lbfgs")] == [False, True, True]
