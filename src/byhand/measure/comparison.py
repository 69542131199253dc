"""Several recipes in several hands with several seeds, each a run in a folder: what is done is never done twice.

A run's folder is named after what it depends on (recipe, hand, seed, digits), by a digest, so that a comparison that
was killed goes on where it was, and one with another setting begins anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byhand import __version__
from byhand.data import Splits, load_digits
from byhand.errors import ByhandError
from byhand.measure.metrics import interval
from byhand.training import log
from byhand.training.checkpoint import Checkpoint
from byhand.training.display import Display
from byhand.training.environment import choose_device
from byhand.training.recipe import DATA, Recipe
from byhand.training.runs import CHECKPOINT, ENVIRONMENT, LOG, RECIPE, RESULTS, TIMES, fingerprint, resume, start


@dataclass(frozen=True)
class Done:
    """What is known of a run that is done, without its weights."""

    path: Path
    results: dict[str, Any]
    log: list[dict[str, Any]]
    times: list[dict[str, Any]]
    environment: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Done:
        """Read a run's folder."""
        results, environment = (
            json.loads((path / name).read_text(encoding="utf-8")) for name in (RESULTS, ENVIRONMENT)
        )
        return cls(path, results, log.read(path / LOG), log.read(path / TIMES), environment)

    @property
    def epoch_seconds(self) -> list[float]:
        """Seconds of each epoch's training."""
        return [entry["seconds"] for entry in self.times]


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
    """

    recipe: Recipe
    runs: list[Done]
    grid: list[dict[str, Any]] = field(default_factory=list)

    @property
    def hand(self) -> str:
        """The hand that trained, and where, if that was not the processor."""
        device = self.runs[0].environment["device"]
        return self.recipe.how.hand if device == "cpu" else f"{self.recipe.how.hand} on {device}"

    def mean(self, part: str) -> tuple[float, float]:
        """Mean accuracy on ``"validation"`` or ``"test"`` and the half-width of its 95 % interval over the seeds."""
        return interval([run.results[part]["accuracy"] for run in self.runs])

    def curve(self, part: str = "val_accuracy") -> list[float]:
        """Mean accuracy after each epoch that all runs reached; ``"test_accuracy"`` is there where it was watched."""
        return [
            sum(entry[part] for entry in entries) / len(entries)
            for entries in zip(*(run.log for run in self.runs), strict=False)
            if part in entries[0]
        ]

    @property
    def epoch_seconds(self) -> float:
        """Median seconds of training an epoch took, over all epochs and seeds."""
        return statistics.median(seconds for run in self.runs for seconds in run.epoch_seconds)

    @property
    def seconds(self) -> float:
        """Mean seconds of training a run took."""
        return sum(sum(run.epoch_seconds) for run in self.runs) / len(self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        first = self.runs[0].results
        means = {
            part: dict(zip(("mean", "interval95"), self.mean(part), strict=True)) for part in ("validation", "test")
        }
        return {
            "recipe": self.recipe.name,
            "hand": self.hand,
            "parameters": first["parameters"],
            "epochs": max(run.results["epochs"] for run in self.runs),
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


Told = Callable[[Recipe], Display]
"""Gives the display of a run that is about to begin."""


def compare(
    jobs: Iterable[tuple[Recipe, Sequence[int]]],
    folder: Path,
    *,
    offline: bool = False,
    told: Told = lambda recipe: Display(),
) -> list[Row]:
    """Train what is not trained yet, and gather the rows.

    Parameters
    ----------
    jobs
        Recipes, each with its hand, and the seeds to train it with.
    folder
        Where the runs lie.
    offline
        Download no data.
    told
        Gives each run its display.
    """
    rows = []
    for recipe, seeds in jobs:
        variants = []
        for settings, variant in recipe.variants():
            runs = [run_of(variant.having(seed=seed), folder, offline, told) for seed in seeds]
            variants.append((settings, Row(variant, runs)))
        # The validation split chooses; the first of equals is the smallest of a grid written in order.
        best = max(variants, key=lambda entry: entry[1].mean("validation")[0])[1]
        if len(variants) > 1:
            best.grid = [
                {**settings, "validation": row.mean("validation")[0], "test": row.mean("test")[0]}
                for settings, row in variants
            ]
        rows.append(best)
    return rows


def run_of(recipe: Recipe, folder: Path, offline: bool = False, told: Told = lambda recipe: Display()) -> Done:
    """Give the run of a recipe: the one that is done, the rest of one that was interrupted, or a new one."""
    how = recipe.how
    data = {**DATA, **recipe.data}
    splits = load_digits(data["name"], data["split_seed"], data["split"] or None, offline, notify=told(recipe).note)
    name = f"{recipe.name}-{how.hand}-seed{how.seed}-{_digest(recipe, splits)}"
    path = folder / name
    if not (path / RESULTS).exists():
        if (path / RECIPE).exists():
            resume(path, offline=offline, display=told(recipe))
        else:
            start(recipe, folder, name, offline=offline, display=told(recipe))
    elif Checkpoint.load(path / CHECKPOINT).facts.get("data") != fingerprint(splits):
        raise ByhandError(
            f"{path} was trained on other digits than {splits.name} ({splits.source}) now gives; "
            "remove it, or choose another --runs."
        )
    return Done.read(path)


def _digest(recipe: Recipe, splits: Splits) -> str:
    """Name what a run depends on, in eight signs; what a recipe says of other people's work is not part of it."""
    how = recipe.how
    depends = {
        "byhand": __version__,
        "spec": recipe.spec(splits.train).to_dict(),
        # The usual values too: where they change, the run is another. Threads change no more than the last bits.
        "training": {**dataclasses.asdict(how), "threads": None, "device": choose_device(how.device, how.hand)[0]},
        "digits": [splits.name, splits.sizes, splits.seed],
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:8]
