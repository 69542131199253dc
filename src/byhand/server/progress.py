"""The progress of a run, read from its folder while another process writes there."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byhand.errors import ByhandError
from byhand.metrics.classification import classification_report
from byhand.server.arrays import described, unit_inputs
from byhand.training.folder import CHECKPOINT, LOG, RECIPE
from byhand.training.run import Run

SCORED = 1000
"""Validation digits in a confusion matrix, few enough to compute during training."""
LISTED = 20
"""Runs in a list, the latest."""


def list_runs(folder: Path) -> list[Path]:
    """List the latest runs in a folder, the latest first."""
    try:
        runs = [path for path in folder.iterdir() if not path.name.startswith(".") and (path / RECIPE).is_file()]
    except OSError:
        return []
    return sorted(runs, key=_modified, reverse=True)[:LISTED]


def _modified(run: Path) -> float:
    try:
        return max((run / name).stat().st_mtime for name in (RECIPE, LOG) if (run / name).exists())
    except (OSError, ValueError):
        return 0.0


def summary(run: Run) -> dict[str, Any]:
    """Return a run's state and epochs."""
    state = {"done": "done", "running": "running"}.get(run.status, "stopped")
    return {"state": state, "epoch": len(run.log), "epochs": run.recipe.config.epochs}


def json_log(run: Run) -> list[dict[str, Any]]:
    """Return the log; JSON has no numbers that are not finite."""
    return [
        {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in entry.items()}
        for entry in run.log
    ]


@dataclass(frozen=True)
class Snapshot:
    """A checkpoint's confusion matrix on validation digits, and its first layer's weights as pictures."""

    confusion: list[list[int]] | None = None
    filters: dict[str, Any] | None = None


class Snapshots:
    """Snapshots of runs; each checkpoint is evaluated once, and the digits of a run are loaded once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cached: dict[Path, tuple[int, Snapshot]] = {}
        self._run: Run | None = None

    def latest(self, path: Path) -> Snapshot:
        """Return the snapshot of a run's last checkpoint; it is empty before the first."""
        try:
            written = (path / CHECKPOINT).stat().st_mtime_ns
        except OSError:
            return Snapshot()
        with self._lock:
            if self._cached.get(path, (0,))[0] != written:
                while len(self._cached) >= LISTED:
                    self._cached.pop(next(iter(self._cached)))
                if self._run is None or self._run.path != path:
                    self._run = Run.load(path)
                self._cached[path] = (written, _evaluate(self._run))
            return self._cached[path][1]


def _evaluate(run: Run) -> Snapshot:
    network = run.load_network("fast")
    first = next(index for index, parameters in enumerate(network.spec.layer_parameters) if parameters)
    weights = unit_inputs(network, first)
    filters = None if weights is None else described(weights, "pictures")
    try:
        digits = run.splits(offline=True, notify=lambda _: None).validation
    except ByhandError:
        # The digits are not available, or not those that the run was trained on.
        return Snapshot(filters=filters)
    if not len(digits):
        return Snapshot(filters=filters)
    predicted = network.logits(digits.images[:SCORED]).argmax(axis=1)
    return Snapshot(
        classification_report(digits.labelled()[:SCORED], predicted, network.spec.classes).confusion.tolist(), filters
    )
