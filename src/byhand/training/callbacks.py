"""Callbacks: what the trainer calls while it trains. Terminals, notebooks and TensorBoard implement them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from byhand.training.run import Run


class Callback:
    """Called at every stage of a run; each method does nothing unless it is overridden."""

    def note(self, message: str) -> None:
        """Show a message, such as the chosen device or a fallback dataset."""

    def skip(self, run: Run) -> None:
        """The run is done already; nothing is trained."""

    def begin(self, run: Run, accuracy: float) -> None:
        """Training begins, or resumes after the epochs in ``run.log``; `accuracy` is the untrained network's."""

    def step(self, step: int, steps: int) -> None:
        """A step of the epoch is done, counted from 1."""

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        """An epoch is done: its log entry and the seconds it took."""

    def end(self, run: Run) -> None:
        """The run is done."""


class Callbacks(Callback):
    """Several callbacks, called in order."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = callbacks

    def note(self, message: str) -> None:
        for callback in self.callbacks:
            callback.note(message)

    def skip(self, run: Run) -> None:
        for callback in self.callbacks:
            callback.skip(run)

    def begin(self, run: Run, accuracy: float) -> None:
        for callback in self.callbacks:
            callback.begin(run, accuracy)

    def step(self, step: int, steps: int) -> None:
        for callback in self.callbacks:
            callback.step(step, steps)

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        for callback in self.callbacks:
            callback.epoch(entry, seconds)

    def end(self, run: Run) -> None:
        for callback in self.callbacks:
            callback.end(run)
