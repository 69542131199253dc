"""A run's log as TensorBoard events: `tensorboard --logdir runs` shows it beside the other runs.

The event file is in the run's folder. A resumed run rewrites it from the log, so that no epoch is in it twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from byhand.errors import ByhandError
from byhand.training.callbacks import Callback
from byhand.training.run import Run

EVENTS = "events.out.tfevents.*"
TAGS = {
    "train_loss": "loss/train",
    "val_loss": "loss/validation",
    "test_loss": "loss/test",
    "train_accuracy": "accuracy/train",
    "val_accuracy": "accuracy/validation",
    "test_accuracy": "accuracy/test",
    "lr": "learning_rate",
}
"""Tags of the log's entries; ``seconds`` are added."""


class TensorBoard(Callback):
    """Writes every epoch of a run as scalars, at the epoch's number in the log.

    Raises
    ------
    ByhandError
        If tensorboardX is not installed.
    """

    def __init__(self) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as missing:
            raise ByhandError(
                "The package tensorboardX is not installed; leave out --tensorboard, or run "
                "`pip install 'byhand[tensorboard]'`.",
                code="tensorboard.not_installed",
            ) from missing
        self._open = SummaryWriter
        self._writer: Any = None

    def begin(self, run: Run, accuracy: float) -> None:
        for old in run.folder.glob(EVENTS):
            old.unlink()
        self._writer = self._open(logdir=str(run.folder))
        for entry, timed in zip(run.log, run.times, strict=False):
            self._write(entry, timed["seconds"], datetime.fromisoformat(timed["now"]).timestamp())

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        self._write(entry, seconds, None)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def _write(self, entry: dict[str, Any], seconds: float, when: float | None) -> None:
        values = {tag: entry[name] for name, tag in TAGS.items() if entry.get(name) is not None}
        for tag, value in (values | {"seconds": seconds}).items():
            self._writer.add_scalar(tag, value, entry["epoch"], walltime=when)
