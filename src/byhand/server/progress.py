"""How far a run is, read from its folder while another process writes there."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byhand.data import Splits
from byhand.errors import ByhandError
from byhand.hands import Array, build
from byhand.metrics.classification import classification_report
from byhand.server.incoming import fed
from byhand.server.numbers import pictures
from byhand.training.checkpoint import Checkpoint
from byhand.training.folder import CHECKPOINT, LOG, RECIPE, read_log
from byhand.training.run import Run, read_recipe

SCORED = 1000
"""Validation digits behind a confusion matrix: enough to see, few enough to compute while it trains."""
LISTED = 20


def runs_in(folder: Path) -> list[Path]:
    """List the runs in a folder, the latest first, and no more than anybody looks at."""
    try:
        runs = [path for path in folder.iterdir() if not path.name.startswith(".") and (path / RECIPE).is_file()]
    except OSError:
        return []
    return sorted(runs, key=_touched, reverse=True)[:LISTED]


def _touched(run: Path) -> float:
    try:
        return max((run / name).stat().st_mtime for name in (RECIPE, LOG) if (run / name).exists())
    except (OSError, ValueError):
        return 0.0


def summary(folder: Path) -> dict[str, Any]:
    """Tell a run's state and epochs."""
    run = Run.load(folder)
    state = {"done": "done", "running": "running"}.get(run.status, "stopped")
    return {"state": state, "epoch": len(run.log), "epochs": run.recipe.config.epochs}


def entries(run: Path) -> list[dict[str, Any]]:
    """Give the log; JSON has no word for what is not a number."""
    return [
        {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in entry.items()}
        for entry in read_log(run / LOG)
    ]


@dataclass(frozen=True)
class Inside:
    """What a checkpoint shows: the confusion matrix on validation digits, and the lowest weights as pictures."""

    confusion: list[list[int]] | None = None
    filters: dict[str, Any] | None = None


class Insides:
    """Looks into checkpoints; into the same one once, and digits are loaded once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Path, tuple[int, Inside]] = {}
        self._digits: tuple[tuple[Any, ...], Splits] | None = None

    def of(self, run: Path) -> Inside:
        """Look into a run's last checkpoint; there is nothing to see before the first."""
        path = run / CHECKPOINT
        try:
            written = path.stat().st_mtime_ns
        except OSError:
            return Inside()
        with self._lock:
            if self._seen.get(run, (0,))[0] != written:
                while len(self._seen) >= LISTED:
                    self._seen.pop(next(iter(self._seen)))
                self._seen[run] = (written, self._looked(run, Checkpoint.load(path)))
            return self._seen[run][1]

    def _looked(self, run: Path, saved: Checkpoint) -> Inside:
        network = build(saved.spec)
        network.load(saved.values)
        lowest = next(place for place, learnt in enumerate(saved.spec.layer_parameters) if learnt)
        shown = fed(network, lowest)
        filters = None if shown is None else pictures(shown)
        scored = self._scored(run, saved)
        if scored is None:
            return Inside(filters=filters)
        images, labels = scored
        read = network.logits(images).argmax(axis=1)
        return Inside(classification_report(labels, read, saved.spec.classes).confusion.tolist(), filters)

    def _scored(self, run: Path, saved: Checkpoint) -> tuple[Array, Array] | None:
        """Find the digits a run is validated on, where they are still those it began with."""
        recipe = read_recipe(run)
        key = tuple(recipe.data_settings.items())
        if self._digits is None or self._digits[0] != key:
            try:
                splits = recipe.load_splits(offline=True, notify=lambda _: None)
            except ByhandError:
                return None
            self._digits = (key, splits)
        splits = self._digits[1]
        if saved.facts.get("data") != splits.fingerprint:
            return None
        return splits.validation.images[:SCORED], splits.validation.labelled()[:SCORED]
