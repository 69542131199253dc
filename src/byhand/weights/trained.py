"""A trained network by one word: the folder of a run, or the name of weights that come with byhand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byhand import weights
from byhand.data import Digits, load_digits
from byhand.data.loading import say
from byhand.errors import ByhandError, nearest
from byhand.hands import Network
from byhand.training.checkpoint import Checkpoint
from byhand.training.run import CHECKPOINT, RECIPE, Run, fingerprint, load_run


@dataclass(frozen=True)
class Trained:
    """A trained network and where it comes from.

    Attributes
    ----------
    name
        The run's folder or the shipped weights, as they were named.
    network
        The network.
    run
        The run; `None` for shipped weights.
    card
        What is known about shipped weights; empty for a run.
    """

    name: str
    network: Network
    run: Run | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def recipe(self) -> str:
        """The recipe that it was trained by, as TOML; empty where that is not known."""
        return str(self.card.get("recipe_text", "")) if self.run is None else self.run.recipe.to_toml()

    def test_digits(self, *, offline: bool = False, notify: Callable[[str], None] = say) -> Digits:
        """Find the test split of the digits that it was trained on; of others, some may have been trained on.

        Raises
        ------
        ByhandError
            If the digits cannot be had, or are no longer those.
        """
        if self.run is None:
            began = self.card.get("data")
            if not isinstance(began, dict) or not {"name", "split", "split_seed"} <= began.keys():
                raise ByhandError(
                    f"{self.name} was not trained on digits that can be loaded by name; name some by --data."
                )
            return load_digits(began["name"], began["split_seed"], began["split"], offline, notify).test
        if self.run.splits is not None:
            return self.run.splits.test
        recipe = self.run.recipe
        splits = recipe.digits(offline=offline, notify=notify)
        if Checkpoint.load(self.run.path / CHECKPOINT).facts.get("data") != fingerprint(splits):
            began = self.run.results.get("data", {})
            sizes = "/".join(str(began.get(part)) for part in ("train", "validation", "test"))
            told = f"{began['name']} split {sizes}" if began else "other digits"
            raise ByhandError(
                f"{self.name} was trained on {told}, and {recipe.data_settings['name']!r} now gives {splits.name} "
                f"split {'/'.join(map(str, splits.sizes))} ({splits.source}), which are not the same digits; "
                "bring those back, or name the digits to score by --data."
            )
        return splits.test


def trained(name: str | Path, hand: str | None = None) -> Trained:
    """Load a trained network.

    Parameters
    ----------
    name
        The folder of a run, or one of `byhand.weights.names`; a folder called like one of these is meant by ``./mlp``.
    hand
        The hand to build it in; the one that trained it, unless told, and numpy for shipped weights.

    Raises
    ------
    ByhandError
        If there is neither such a run nor such weights, or the hand cannot be built.
    """
    known = weights.names()
    if isinstance(name, str) and name in known:
        network, card = weights.load_with_card(name, hand or "fast")
        return Trained(name, network, card=card)
    path = Path(name)
    if path.name == str(name) and not path.is_dir():
        raise ByhandError(
            f"{str(name)!r} is neither the folder of a run (it would hold {RECIPE}) nor the name of weights that come "
            f"with byhand; {nearest(str(name), known)}."
        )
    run = load_run(path, hand)
    return Trained(str(name), run.network, run)
