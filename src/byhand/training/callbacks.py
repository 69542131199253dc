"""Callbacks: what the trainer calls while it trains. Terminals, notebooks and TensorBoard implement them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
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
        """Training begins, or resumes after the epochs in ``run.log``; `accuracy` is the untrained network's.

        It is NaN without validation digits.
        """

    def step(self, step: int, steps: int) -> None:
        """A step of the epoch is done, counted from 1."""

    def loss(self, step: int, steps: int, loss: float) -> None:
        """Called every ``log_every`` steps with the loss of the step's batch."""

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        """An epoch is done: its log entry and the seconds it took."""

    def end(self, run: Run) -> None:
        """The run is done."""


class Callbacks(Callback):
    """Several callbacks, called in order."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        for stage in ("note", "skip", "begin", "step", "loss", "epoch", "end"):
            setattr(self, stage, partial(_call_each, [getattr(callback, stage) for callback in callbacks]))


def _call_each(functions: Sequence[Callable[..., None]], *arguments: Any) -> None:
    for function in functions:
        function(*arguments)
