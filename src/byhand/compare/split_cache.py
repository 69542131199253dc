"""Digits that are loaded once, however many runs are trained on them."""

from __future__ import annotations

from collections.abc import Callable

from byhand.data import Dataset, Splits, load_dataset
from byhand.errors import ByhandError
from byhand.training.recipe import Recipe


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
        self._splits: dict[tuple[str, int, str, bool], Splits] = {}

    def of(self, recipe: Recipe) -> Splits:
        """Give the digits of a recipe.

        Raises
        ------
        ByhandError
            If they cannot be had, read or split.
        """
        data = recipe.data_settings
        key = data["name"], data["split_seed"], data["split"], recipe.split_required
        if key not in self._splits:
            name = data["name"]
            if name not in self._datasets:
                self._datasets[name] = load_dataset(name, offline=self.offline, notify=self.notify)
            self._splits[key] = recipe.split(self._datasets[name], self.notify)
        return self._splits[key]

    def fitted(self, recipe: Recipe) -> Recipe:
        """Give a recipe the usual split where its own asks for more digits than there are."""
        if not recipe.data.get("split"):
            return recipe
        default = recipe.with_data(split="")
        # What is wrong with the digits themselves is told here, so that below nothing can be wrong but the split.
        _ = self.of(default)
        try:
            _ = self.of(recipe)
        except ByhandError:
            return default
        return recipe
