"""A row of a comparison: a recipe in one hand over its seeds, from the folders of runs that are done."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass, field
from typing import Any

from byhand.compare.predictions import Answers
from byhand.metrics.intervals import mean_interval
from byhand.models.spec import Spec
from byhand.training.recipe import Recipe
from byhand.training.run import Run


@dataclass
class Row:
    """A recipe in one hand, over its seeds.

    Attributes
    ----------
    recipe
        What was trained; of a sweep, its best variant.
    runs
        One for each seed.
    grid
        Of a sweep, the settings and mean validation accuracy of every variant.
    whole
        How many epochs the recipe has by itself, where it was trained for another number of them; else 0.
    label
        What tells this row from another of the same recipe and hand.
    answers
        What the network of the first run reads in the test digits, where they are still to be had.
    """

    recipe: Recipe
    runs: list[Run]
    grid: list[dict[str, Any]] = field(default_factory=list)
    whole: int = 0
    label: str = ""
    answers: Answers | None = None

    @property
    def name(self) -> str:
        """What people call the row."""
        return self.label or self.recipe.name

    @property
    def hand(self) -> str:
        """The hand that trained, and where, if that was not the processor."""
        device = self.runs[0].environment["device"]
        return self.recipe.config.hand if device == "cpu" else f"{self.recipe.config.hand} on {device}"

    @property
    def spec(self) -> Spec:
        """The network."""
        return self.runs[0].spec

    @property
    def parameters(self) -> int:
        """How many values the network learns."""
        return int(self.runs[0].results["parameters"])

    @property
    def epochs(self) -> int:
        """Epochs of the longest run."""
        return max(int(run.results["epochs"]) for run in self.runs)

    def mean(self, part: str) -> tuple[float, float]:
        """Mean accuracy on ``"validation"`` or ``"test"`` and the half-width of its 95 % interval over the seeds."""
        return mean_interval([run.results[part]["accuracy"] for run in self.runs])

    def curve(self, part: str = "val_accuracy") -> list[float]:
        """Mean accuracy after each epoch that all runs reached; ``"test_accuracy"`` is there where it was watched."""
        return [
            sum(entry[part] for entry in entries) / len(entries)
            for entries in zip(*(run.log for run in self.runs), strict=False)
            if part in entries[0]
        ]

    @property
    def clock(self) -> list[float]:
        """Mean seconds of training after each epoch that all runs reached."""
        sums = [itertools.accumulate(run.epoch_seconds) for run in self.runs]
        return [statistics.fmean(seconds) for seconds in zip(*sums, strict=False)]

    @property
    def epoch_seconds(self) -> float:
        """Median seconds of training an epoch took, over all epochs and seeds."""
        return statistics.median(seconds for run in self.runs for seconds in run.epoch_seconds)

    @property
    def seconds(self) -> float:
        """Mean seconds of training a run took."""
        return statistics.fmean(run.seconds for run in self.runs)

    @property
    def final_seconds(self) -> float:
        """Mean seconds of training until a run's validation accuracy was final (`Run.final_seconds`)."""
        return statistics.fmean(run.final_seconds for run in self.runs)

    @property
    def rate(self) -> float:
        """Mean digits trained on in a second."""
        return statistics.fmean(run.rate for run in self.runs)

    @property
    def reading_rate(self) -> float:
        """Digits read in a second; not a number where none were."""
        return self.answers.rate if self.answers else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        first = self.runs[0].results
        means = {
            part: dict(zip(("mean", "interval95"), self.mean(part), strict=True)) for part in ("validation", "test")
        }
        return {
            "recipe": self.recipe.name,
            "hand": self.hand,
            "parameters": self.parameters,
            "epochs": self.epochs,
            "threads": [run.environment["threads"] for run in self.runs],
            "seeds": [run.results["seed"] for run in self.runs],
            "data": first["data"],
            **{
                part: {name: None if value != value else value for name, value in values.items()}
                | {"each": [run.results[part]["accuracy"] for run in self.runs]}
                for part, values in means.items()
            },
            "validation_accuracy_by_epoch": self.curve(),
            "test_accuracy_by_epoch": self.curve("test_accuracy"),
            "epoch_seconds": self.epoch_seconds,
            "train_seconds": self.seconds,
            "project": dict(self.recipe.project),
            "environment": self.runs[0].environment,
            "recipe_toml": self.recipe.to_toml(),
        } | ({"grid": self.grid} if self.grid else {})
