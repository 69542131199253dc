"""Several recipes in several hands with several seeds, each a run in a folder: what is done is never done twice.

A run's folder is named after what it depends on (recipe, hand, seed, digits), by a digest, so that a comparison that
was killed goes on where it was, and one with another setting begins anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from byhand import __version__
from byhand.compare.entry import Row
from byhand.compare.predictions import answers
from byhand.compare.split_cache import Shelf
from byhand.data import Splits
from byhand.errors import ByhandError
from byhand.training.callbacks import Callback
from byhand.training.environment import choose_device
from byhand.training.folder import RECIPE, RESULTS
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import resume, start


@dataclass(frozen=True)
class Entry:
    """What one row is asked to show: a recipe, in its hand, or runs that there are.

    Attributes
    ----------
    recipe
        What to train, or what the runs were trained by.
    seeds
        The seeds to train it with.
    whole
        As in `Row`.
    runs
        Folders of runs that are done; where there are any, nothing is trained.
    """

    recipe: Recipe
    seeds: Sequence[int] = (0,)
    whole: int = 0
    runs: tuple[Path, ...] = ()

    @property
    def count(self) -> int:
        """How many runs the row takes."""
        return len(self.runs) or len(self.seeds) * len(self.recipe.variants())


Told = Callable[[int, Recipe], Callback]
"""Gives the display of a run that is about to begin; told the number of its row, from 0, and its recipe."""


def compare(
    entries: Sequence[Entry], folder: Path, shelf: Shelf, told: Told = lambda place, recipe: Callback()
) -> list[Row]:
    """Train what is not trained yet, let every network read the test digits, and gather the rows.

    Parameters
    ----------
    entries
        What to compare.
    folder
        Where the runs lie.
    shelf
        The digits.
    told
        Gives each run its display.

    Raises
    ------
    ByhandError
        If digits cannot be had, a run is damaged, or a loss is no longer a number.
    """
    rows: list[Row] = []
    for place, entry in enumerate(entries):
        row = _gathered(entry, shelf, told, place) if entry.runs else _trained(entry, folder, shelf, told, place)
        taken = {(other.name, other.hand) for other in rows}
        first = row.runs[0].folder
        # A shared name gives way to the folder's, and that to the whole path.
        row.label = next(
            (name for name in ("", first.name, str(first)) if (name or row.name, row.hand) not in taken), str(first)
        )
        rows.append(row)
    return rows


def _trained(entry: Entry, folder: Path, shelf: Shelf, told: Told, place: int) -> Row:
    variants = []
    for settings, variant in entry.recipe.variants():
        seeded = (variant.with_settings(seed=seed) for seed in entry.seeds)
        runs = [run_of(recipe, folder, shelf, told(place, recipe)) for recipe in seeded]
        variants.append((settings, Row(variant, runs, whole=entry.whole)))
    # The validation split chooses; the first of equals is the smallest of a grid written in order.
    best = max(variants, key=lambda variant: variant[1].mean("validation")[0])[1]
    if len(variants) > 1:
        best.grid = [
            {**settings, "validation": row.mean("validation")[0], "test": row.mean("test")[0]}
            for settings, row in variants
        ]
    best.answers = answers(best.runs[0], shelf.of(best.recipe).test)
    return best


def _gathered(entry: Entry, shelf: Shelf, told: Told, place: int) -> Row:
    display = told(place, entry.recipe)
    runs = [Run.load(path).require_done() for path in entry.runs]
    for run in runs:
        display.skip(run)
    row = Row(entry.recipe, runs, whole=entry.whole)
    path = runs[0].folder
    try:
        splits = shelf.of(entry.recipe)
    except ByhandError as problem:
        display.note(f"what {path} answers is not shown, because its digits cannot be had: {problem}")
        return row
    if runs[0].checkpoint.facts.get("data") == splits.fingerprint:
        row.answers = answers(runs[0], splits.test)
    else:
        display.note(
            f"what {path} answers is not shown: it was trained on other digits than "
            f"{splits.name} ({splits.source}) now gives."
        )
    return row


def gathered(paths: Sequence[Path]) -> list[Entry]:
    """Give the rows of runs that there are; those that differ in their seed alone share one.

    Raises
    ------
    ByhandError
        If a folder is not a run's, or the run is not done.
    """
    groups: dict[str, list[tuple[Recipe, Path]]] = {}
    for path in {path.resolve(): path for path in paths}.values():
        recipe = Run.load(path).require_done().recipe
        common = dataclasses.replace(recipe.with_settings(seed=0), description="", project={})
        groups.setdefault(common.to_toml(), []).append((recipe, path))
    return [Entry(runs[0][0], runs=tuple(path for _, path in runs)) for runs in groups.values()]


def run_of(recipe: Recipe, folder: Path, shelf: Shelf, display: Callback | None = None) -> Run:
    """Give the run of a recipe: the one that is done, the rest of one that was interrupted, or a new one."""
    config, display = recipe.config, display or Callback()
    splits = shelf.of(recipe)
    name = f"{recipe.name}-{config.hand}-seed{config.seed}-{_digest(recipe, splits)}"
    path = folder / name
    if (path / RESULTS).exists():
        done = Run.load(path)
        if done.checkpoint.facts.get("data") != splits.fingerprint:
            raise ByhandError(
                f"{path} was trained on other digits than {splits.name} ({splits.source}) now gives; "
                "remove it, or choose another --runs."
            )
        display.skip(done.require_done())
        return done
    if (path / RECIPE).exists():
        return resume(path, callback=display, splits=splits)
    return start(recipe, folder, name, callback=display, splits=splits)


def _digest(recipe: Recipe, splits: Splits) -> str:
    """Name what a run depends on, in eight signs; what a recipe says of other people's work is not part of it."""
    config = recipe.config
    depends = {
        "byhand": __version__,
        "spec": recipe.spec(splits.train).to_dict(),
        # The usual values too: where they change, the run is another. Threads change no more than the last bits.
        "training": {
            **dataclasses.asdict(config),
            "threads": None,
            "device": choose_device(config.device, config.hand)[0],
        },
        "digits": [splits.name, splits.sizes, splits.seed],
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:8]
