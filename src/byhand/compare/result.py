"""The result of one recipe in one hand over its seeds: one line of a comparison."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from byhand.compare.predictions import Predictions
from byhand.metrics.intervals import mean_interval
from byhand.models.spec import Spec
from byhand.options import short
from byhand.training.recipe import Recipe
from byhand.training.run import Run


@dataclass
class Result:
    """A recipe in one hand, trained with one or several seeds.

    Attributes
    ----------
    recipe
        The recipe that was trained; the best variant of a sweep.
    runs
        One for each seed.
    grid
        The settings and mean accuracies of all variants of a sweep.
    replaced
        Settings that differ from the shipped recipe's, with the shipped values.
    sweep
        The name of the recipe whose best variant this is, if it sweeps.
    label
        Distinguishes results of equal recipe and hand.
    predictions
        Of the first run's network on the test digits, if they are available.
    """

    recipe: Recipe
    runs: list[Run]
    grid: list[dict[str, Any]] = field(default_factory=list)
    replaced: Mapping[str, Any] = field(default_factory=dict)
    sweep: str = ""
    label: str = ""
    predictions: Predictions | None = None

    def __repr__(self) -> str:
        """The recipe, the hand and the number of runs."""
        return f"<Result {short(self.name)}: {self.recipe.config.hand} hand, {len(self.runs)} runs>"

    @property
    def name(self) -> str:
        """The label, or else the recipe's name."""
        return self.label or self.recipe.name

    @property
    def hand(self) -> str:
        """The hand, with the device unless that is the CPU."""
        device = self.runs[0].environment["device"]
        return self.recipe.config.hand if device == "cpu" else f"{self.recipe.config.hand} on {device}"

    @property
    def spec(self) -> Spec:
        """The network's layers."""
        return self.runs[0].spec

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return int(self.runs[0].results["parameters"])

    @property
    def epochs(self) -> int:
        """Epochs of the longest run."""
        return max(int(run.results["epochs"]) for run in self.runs)

    def mean(self, part: str) -> tuple[float, float]:
        """Mean accuracy on ``"validation"`` or ``"test"`` and the half-width of its 95 % interval over the seeds."""
        return mean_interval([run.results[part]["accuracy"] for run in self.runs])

    def curve(self, key: str = "val_accuracy") -> list[float]:
        """Mean of a log's entries by epoch, up to the last epoch of the shortest run."""
        epochs = zip(*(run.log for run in self.runs), strict=False)
        return [statistics.fmean(entry[key] for entry in entries) for entries in epochs if key in entries[0]]

    @property
    def clock(self) -> list[float]:
        """Mean seconds of training until each epoch ended, up to the last epoch of the shortest run."""
        sums = (itertools.accumulate(run.epoch_seconds) for run in self.runs)
        return [statistics.fmean(seconds) for seconds in zip(*sums, strict=False)]

    @property
    def epoch_seconds(self) -> float:
        """Median seconds of training in an epoch, over all epochs and seeds."""
        return statistics.median(seconds for run in self.runs for seconds in run.epoch_seconds)

    @property
    def seconds(self) -> float:
        """Mean seconds of training."""
        return statistics.fmean(run.seconds for run in self.runs)

    @property
    def final_seconds(self) -> float:
        """Mean of `Run.final_seconds`."""
        return statistics.fmean(run.final_seconds for run in self.runs)

    @property
    def rate(self) -> float:
        """Mean training digits a second."""
        return statistics.fmean(run.rate for run in self.runs)

    @property
    def prediction_rate(self) -> float:
        """Predictions a second; NaN if there are none."""
        return self.predictions.rate if self.predictions else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        accuracies = {}
        for part in ("validation", "test"):
            mean, half = self.mean(part)
            each = [run.results[part]["accuracy"] for run in self.runs]
            accuracies[part] = {"mean": mean, "interval95": None if math.isnan(half) else half, "each": each}
        return {
            "recipe": self.name,
            "hand": self.hand,
            "parameters": self.parameters,
            "epochs": self.epochs,
            "threads": [run.environment["threads"] for run in self.runs],
            "seeds": [run.results["seed"] for run in self.runs],
            "data": self.runs[0].results["data"],
            **accuracies,
            "validation_accuracy_by_epoch": self.curve(),
            "test_accuracy_by_epoch": self.curve("test_accuracy"),
            "epoch_seconds": self.epoch_seconds,
            "train_seconds": self.seconds,
            "project": dict(self.recipe.project),
            "environment": self.runs[0].environment,
            "recipe_toml": self.recipe.to_toml(),
        } | {key: value for key, value in (("grid", self.grid), ("sweep", self.sweep)) if value}
