"""What a run tells while it works. Training knows this face alone; terminals and notebooks put on their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from byhand.data import Splits
from byhand.hands import Network


class Callback:
    """A display that shows nothing; others show what they wish."""

    def note(self, sentence: str) -> None:
        """Something a person should know: a device chosen, a dataset fallen back to."""

    def found(self, results: dict[str, Any]) -> None:
        """The run was done before; nothing is trained."""

    def placed(self, path: Path) -> None:
        """The run's folder is there; its logs hold the epochs that are done."""

    def begin(self, network: Network, splits: Splits, accuracy: float, epochs: int) -> None:
        """The run begins; `accuracy` is the untrained network's on the validation split."""

    def step(self, step: int, steps: int) -> None:
        """A step of an epoch is done, counted from 1."""

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        """An epoch is done, with the log's entry and the seconds it trained."""

    def end(self, results: dict[str, Any]) -> None:
        """The run is done."""


class Together(Callback):
    """Several displays that are told the same."""

    def __init__(self, displays: Sequence[Callback]) -> None:
        self.displays = displays

    def note(self, sentence: str) -> None:
        for display in self.displays:
            display.note(sentence)

    def found(self, results: dict[str, Any]) -> None:
        for display in self.displays:
            display.found(results)

    def placed(self, path: Path) -> None:
        for display in self.displays:
            display.placed(path)

    def begin(self, network: Network, splits: Splits, accuracy: float, epochs: int) -> None:
        for display in self.displays:
            display.begin(network, splits, accuracy, epochs)

    def step(self, step: int, steps: int) -> None:
        for display in self.displays:
            display.step(step, steps)

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        for display in self.displays:
            display.epoch(entry, seconds)

    def end(self, results: dict[str, Any]) -> None:
        for display in self.displays:
            display.end(results)
