"""What a run tells while it works. Training knows this face alone; terminals and notebooks put on their own."""

from __future__ import annotations

from typing import Any

from byhand.data import Splits
from byhand.hands import Network


class Display:
    """A display that shows nothing; others show what they wish."""

    def note(self, sentence: str) -> None:
        """Something a person should know: a device chosen, a dataset fallen back to."""

    def begin(self, network: Network, splits: Splits, accuracy: float, epochs: int) -> None:
        """The run begins; `accuracy` is the untrained network's on the validation split."""

    def step(self, step: int, steps: int) -> None:
        """A step of an epoch is done, counted from 1."""

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        """An epoch is done, with the log's entry and the seconds it trained."""

    def end(self, results: dict[str, Any]) -> None:
        """The run is done."""
