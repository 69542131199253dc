"""Digits that are loaded once, however many runs are trained on them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from byhand.data import Dataset, Digits, Splits, load_dataset, split
from byhand.errors import ByhandError
from byhand.training.recipe import DATA, Recipe
from byhand.training.runs import fingerprint


class Shelf:
    """The datasets and splits of a comparison.

    Parameters
    ----------
    offline
        Download nothing.
    notify
        Takes the sentence that says so when ``"auto"`` falls back to the embedded digits.
    """

    def __init__(self, offline: bool = False, notify: Callable[[str], None] = lambda sentence: None) -> None:
        self.offline, self.notify = offline, notify
        self._datasets: dict[str, Dataset] = {}
        self._splits: dict[tuple[str, int, str], Splits] = {}
        self._fingerprints: dict[int, tuple[object, str]] = {}

    def of(self, recipe: Recipe) -> Splits:
        """Give the digits of a recipe.

        Raises
        ------
        ByhandError
            If they cannot be had, read or split.
        """
        data = {**DATA, **recipe.data}
        key = data["name"], data["split_seed"], data["split"]
        if key not in self._splits:
            name = data["name"]
            if name not in self._datasets:
                self._datasets[name] = load_dataset(name, offline=self.offline, notify=self.notify)
            self._splits[key] = split(self._datasets[name], data["split_seed"], data["split"] or None)
        return self._splits[key]

    def fitted(self, recipe: Recipe) -> Recipe:
        """Give a recipe the usual split where its own asks for more digits than there are."""
        if not recipe.data.get("split"):
            return recipe
        usual = recipe.on(split="")
        _ = self.of(usual)
        try:
            _ = self.of(recipe)
        except ByhandError:
            return usual
        return recipe

    def fingerprint(self, splits: Splits) -> str:
        """Name the digits of a run by what they are."""
        return self._named(splits, lambda: fingerprint(splits))

    def name_of(self, digits: Digits) -> str:
        """Name some digits by what they are."""
        parts = digits.images, digits.labelled()
        return self._named(digits, lambda: hashlib.blake2b(b"".join(p.tobytes() for p in parts)).hexdigest()[:16])

    def _named(self, thing: object, name: Callable[[], str]) -> str:
        # The thing is kept beside its name, so that no other comes to have its id.
        if id(thing) not in self._fingerprints:
            self._fingerprints[id(thing)] = thing, name()
        return self._fingerprints[id(thing)][1]
