"""Train several recipes, in several hands and with several seeds.

Each run has a folder named after a digest of everything that it depends on (recipe, hand, seed, digits). So a finished
run is used again, an interrupted one resumes, and one with another setting is a new run.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byhand import __version__
from byhand.compare.predictions import predict
from byhand.compare.result import Result
from byhand.data import Splits, load_dataset
from byhand.errors import ByhandError
from byhand.training.callbacks import Callback
from byhand.training.environment import choose_device
from byhand.training.folder import LOCK, RECIPE, locked, read_results, remove_partial_files
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import resume, start


@dataclass(frozen=True)
class Experiment:
    """One line of a comparison before it is trained.

    Attributes
    ----------
    recipe
        The recipe to train, in its hand.
    seeds
        The seeds to train it with.
    replaced
        As in `Result`.
    runs
        Finished runs. If there are any, nothing is trained.
    """

    recipe: Recipe
    seeds: Sequence[int] = (0,)
    replaced: Mapping[str, Any] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()

    # The board asks at every redraw, and a recipe's variants are checked as they are made.
    @functools.cached_property
    def count(self) -> int:
        """Number of runs."""
        return len(self.runs) or len(self.seeds) * len(self.recipe.variants())


CallbackFactory = Callable[[int, Recipe], Callback]
"""Returns the callback of a run, from the index of its experiment and its recipe."""


class SplitCache:
    """Loads each dataset once, and splits it once for each split, however many runs train on it.

    Parameters
    ----------
    offline
        Download nothing.
    notify
        Receives a sentence if the digits differ from the recipe's.
    """

    def __init__(self, offline: bool = False, notify: Callable[[str], None] = lambda sentence: None) -> None:
        self._load = functools.cache(functools.partial(load_dataset, offline=offline, notify=notify))
        self._notify = notify
        self._splits: dict[str, Splits] = {}

    def get(self, recipe: Recipe) -> Splits:
        """Load the digits of a recipe, or return them if they have been loaded before."""
        key = json.dumps([recipe.data_settings, recipe.split_required], sort_keys=True)
        if key not in self._splits:
            digits = self._load(recipe.data_settings["name"])
            self._splits[key] = recipe.load_splits(digits, notify=self._notify)
        return self._splits[key]


def compare(
    experiments: Sequence[Experiment],
    folder: Path,
    splits: SplitCache,
    callbacks: CallbackFactory = lambda index, recipe: Callback(),
) -> list[Result]:
    """Train what is not trained yet, and classify the test digits with every network; see `results_of`."""
    return list(results_of(experiments, folder, splits, callbacks))


def results_of(
    experiments: Sequence[Experiment],
    folder: Path,
    splits: SplitCache,
    callbacks: CallbackFactory = lambda index, recipe: Callback(),
) -> Iterator[Result]:
    """Train what is not trained yet, and yield each result as soon as its runs are done.

    Parameters
    ----------
    experiments
        What to compare.
    folder
        The folder of the runs.
    splits
        The digits.
    callbacks
        Returns the callback of each run.

    Raises
    ------
    ByhandError
        If digits cannot be loaded, a run is damaged, or a loss becomes NaN.
    """
    taken: set[tuple[str, str]] = set()
    for index, experiment in enumerate(experiments):
        if experiment.runs:
            result = _from_runs(experiment, splits, callbacks(index, experiment.recipe))
        else:
            result = _train(experiment, folder, splits, functools.partial(callbacks, index))
        # Results of the same name and hand are distinguished by their folders.
        first = result.runs[0].folder
        labels = ["", first.name, str(first)]
        while (result.name, result.hand) in taken and labels:
            result.label = labels.pop(0)
        taken.add((result.name, result.hand))
        yield result


def _train(experiment: Experiment, folder: Path, splits: SplitCache, callback: Callable[[Recipe], Callback]) -> Result:
    variants = []
    for settings, variant in experiment.recipe.variants():
        recipes = (variant.with_settings(seed=seed) for seed in experiment.seeds)
        runs = [train_once(recipe, folder, splits.get(recipe), callback(recipe)) for recipe in recipes]
        variants.append((settings, Result(variant, runs, replaced=experiment.replaced)))
    # The validation split chooses; of equals, the first.
    best = max((result for _, result in variants), key=lambda result: result.mean("validation")[0])
    best.sweep = experiment.recipe.name if experiment.recipe.sweep else ""
    if len(variants) > 1:
        best.grid = [
            {**settings, "validation": result.mean("validation")[0], "test": result.mean("test")[0]}
            for settings, result in variants
        ]
    best.predictions = predict(best.runs[0], splits.get(best.recipe).test)
    return best


def _from_runs(experiment: Experiment, splits: SplitCache, callback: Callback) -> Result:
    for run in experiment.runs:
        callback.skip(run)
    result = Result(experiment.recipe, list(experiment.runs), replaced=experiment.replaced)
    first = experiment.runs[0]
    try:
        digits = splits.get(experiment.recipe)
        first.require_digits(digits)
        result.predictions = predict(first, digits.test)
    except ByhandError as problem:
        callback.note(f"The predictions of {first.folder} are not shown: {problem}")
    return result


def experiments_of(paths: Sequence[Path]) -> list[Experiment]:
    """Load finished runs; those that differ only in their seed become one experiment.

    Raises
    ------
    ByhandError
        If a folder is not a run's, or the run is not done.
    """
    groups: dict[str, list[Run]] = {}
    for path in {path.resolve(): path for path in paths}.values():
        run = Run.load(path).require_done()
        if "validation" not in run.results:
            raise ByhandError(
                f"{path} was trained without validation digits, which a comparison needs; name another run.",
                code="compare.no_validation",
            )
        common = dataclasses.replace(run.recipe.with_settings(seed=0), description="", project={})
        groups.setdefault(common.to_toml(), []).append(run)
    return [Experiment(runs[0].recipe, runs=tuple(runs)) for runs in groups.values()]


def train_once(recipe: Recipe, folder: Path, splits: Splits, callback: Callback | None = None) -> Run:
    """Train a recipe, resume its interrupted run, or load its finished one.

    Raises
    ------
    ByhandError
        ``run.other_digits`` if there is a finished run that was trained on other digits.
    """
    config, callback = recipe.config, callback or Callback()
    if not len(splits.validation):
        raise ByhandError(
            f"{recipe.name} has no validation digits, which a comparison chooses by; give some in --split.",
            code="compare.no_validation",
        )
    name = f"{recipe.name}-{config.hand}-seed{config.seed}-{_digest(recipe, splits)}"
    path = folder / name
    if read_results(path):
        run = Run.load(path).require_done()
        run.require_digits(splits)
        if (path / LOCK).exists():
            # Its process was killed between the last file and the lock.
            with locked(path):
                remove_partial_files(path)
        callback.skip(run)
        return run
    if (path / RECIPE).exists():
        return resume(path, callback=callback, splits=splits)
    return start(recipe, folder, name, callback=callback, splits=splits)


def _digest(recipe: Recipe, splits: Splits) -> str:
    """Eight hexadecimal digits of everything that a run depends on."""
    config = recipe.config
    settings = dataclasses.asdict(config)
    # What is logged changes no result.
    settings.pop("log_every")
    depends_on = {
        "byhand": __version__,
        "spec": recipe.spec(splits.train).to_dict(),
        # Default values too: if one changes, the run is another. The number of threads changes only the last bits.
        "training": {
            **settings,
            "threads": None,
            "device": choose_device(config.device, config.hand, config.dtype)[0],
        },
        "digits": [splits.name, splits.sizes, splits.seed],
    }
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:8]
