"""A run at work: what it needs, brought together; the engine, with a log and checkpoints beside it; its results."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from byhand.data import Splits
from byhand.errors import ByhandError
from byhand.hands import Array, Network, build
from byhand.io import write_json
from byhand.training import log
from byhand.training.callbacks import Callback
from byhand.training.checkpoint import Checkpoint
from byhand.training.choices import OVER_THE_RUN
from byhand.training.config import TrainingConfig
from byhand.training.environment import choose_device, environment, set_threads
from byhand.training.folder import (
    CHECKPOINT,
    ENVIRONMENT,
    LOG,
    RECIPE,
    RESULTS,
    TIMES,
    read_json,
    remove_torn,
)
from byhand.training.loop import Epoch, score, train_by_steps, train_by_whole
from byhand.training.optimizers import Optimizer, optimizer
from byhand.training.recipe import Recipe

MOST_PARAMETERS = 2**33
"""More than any memory here holds; NumPy has other words for sizes far beyond."""

SAVE_EVERY = 1.0
"""Least seconds between two checkpoints, so that networks with epochs of milliseconds do not spend them on writing."""

FREE = ("epochs", "patience", "watch_test", "threads", "device")
"""Settings that may be changed before a run goes on, epochs where the schedule does not depend on them. Threads and
device that it chose by itself it keeps."""


@dataclass(frozen=True)
class Run:
    """A trained network and the record of its training.

    Attributes
    ----------
    path
        The run's folder.
    recipe
        What was asked for.
    network
        The network, trained.
    results
        What ``results.json`` holds; empty for a run that is not done.
    log, times
        One entry an epoch.
    splits
        The digits it was trained on, in the process that trained it; a run that was loaded has none at hand.
    """

    path: Path
    recipe: Recipe
    network: Network
    results: dict[str, Any]
    log: list[dict[str, Any]]
    times: list[dict[str, Any]]
    splits: Splits | None = None

    @property
    def accuracy(self) -> float:
        """Accuracy on the test split, from 0 to 1; not a number for a run that is not done."""
        return float(self.results["test"]["accuracy"]) if self.results else math.nan

    @property
    def seconds(self) -> float:
        """Seconds spent training."""
        return float(sum(entry["seconds"] for entry in self.times))


@dataclass
class Job:
    """A run at work: `prepared`, and then `run` in its folder."""

    recipe: Recipe
    splits: Splits
    network: Network
    optimizer: Optimizer | None
    environment: dict[str, Any]
    display: Callback
    fingerprint: str
    device: str

    @classmethod
    def prepared(
        cls,
        recipe: Recipe,
        offline: bool,
        display: Callback,
        began: Mapping[str, Any] | None = None,
        splits: Splits | None = None,
    ) -> Job:
        """Bring together what a run needs; `began` is the environment it began in, which it goes on in.

        `splits` are the recipe's digits, from a caller who has them already.
        """
        config, began = recipe.config, began or {}
        # Starting weights that are orthogonal come from products, too.
        threads = set_threads(config.threads or began.get("threads", 0))
        device, why = _device(config, began.get("device"))
        if splits is None:
            splits = recipe.digits(offline=offline, notify=display.note)
        spec = recipe.spec(splits.train)
        if spec.size > MOST_PARAMETERS:
            raise ByhandError(
                f"The network has {spec.size:.0e} parameters, which no memory holds; choose smaller layers."
            )
        network = build(spec, config.hand, seed=config.seed, dtype=config.dtype, device=device)
        # Once more, for a torch that came with the network.
        set_threads(threads)
        return cls(
            recipe,
            splits,
            network,
            None if config.full_batch else optimizer(network, config),
            environment(device, threads) | {"source": began.get("source", splits.source)},
            display,
            fingerprint(splits),
            f"computing on {device}: {why}.",
        )

    def run(self, path: Path) -> Run:
        """Train, from the beginning or from where the folder's checkpoint stands."""
        config = self.recipe.config
        self.path = path
        self.best: dict[str, Array] = {}
        self.gave_up = ""
        self.saved = time.monotonic()
        before = score(self.network, self.splits.validation)[0]
        self.log = self._taken_up()
        self.display.placed(path)
        self.display.note(self.device)
        if not self.log or not (path / ENVIRONMENT).exists():
            write_json(path / ENVIRONMENT, self.environment)
        self.display.begin(self.network, self.splits, before, config.epochs)
        stopped = self._stops()
        if self.optimizer is None:
            self.gave_up = train_by_whole(self.network, self.splits, config, self._after)
            if self.gave_up:
                self.display.note(
                    f"{config.optimizer} stopped after {self.log[-1]['step']} of {config.epochs} iterations: {self.gave_up}."
                )
        elif not stopped:
            train_by_steps(
                self.network, self.optimizer, self.splits, config, self._after, len(self.log), self.display.step
            )
        if self.best:
            self.network.load(self.best)
        self._save()
        return self._finished(before)

    def _taken_up(self) -> list[dict[str, Any]]:
        """Bring network, optimiser and logs to where the run was left, and give the log so far."""
        done = 0
        if self.optimizer is not None and (self.path / CHECKPOINT).exists():
            saved = Checkpoint.load(self.path / CHECKPOINT)
            began = {of: saved.facts.get(of) for of in ("hand", "optimizer")} | saved.facts.get("training", {})
            now = dataclasses.asdict(self.recipe.config)
            others = [of for of, value in began.items() if now.get(of) != value]
            if saved.spec != self.network.spec or others:
                raise ByhandError(
                    f"{self.path / RECIPE} is no longer the recipe that the run began with; "
                    f"bring back its {' and '.join(others) or 'network'}, or train anew."
                )
            if saved.facts.get("data") != self.fingerprint:
                raise ByhandError(
                    f"{self.path} began with other digits than {self.splits.name} ({self.splits.source}) now gives; "
                    "bring back the data it began with, or train anew."
                )
            self.network.load(saved.values)
            self.optimizer.load_state(saved.optimizer)
            self.best = saved.best
            done = saved.epochs
        if len(log.read(self.path / LOG)) < done:
            raise ByhandError(f"{self.path / LOG} lacks some of the {done} epochs that are done; train the run again.")
        remove_torn(self.path)
        log.cut(self.path / TIMES, done)
        return log.cut(self.path / LOG, done)

    def _after(self, epoch: Epoch) -> bool:
        self.log.append(epoch.entry)
        log.append(self.path / LOG, epoch.entry)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        log.append(self.path / TIMES, {"epoch": epoch.entry["epoch"], "seconds": epoch.seconds, "now": now})
        if self.recipe.config.patience and self._since_best() == 0:
            self.best = {name: value.copy() for name, value in self._values().items()}
        if time.monotonic() - self.saved > SAVE_EVERY:
            self._save()
        self.display.epoch(epoch.entry, epoch.seconds)
        return self._stops()

    def _since_best(self) -> int:
        losses = [entry["val_loss"] for entry in self.log]
        return len(losses) - 1 - losses.index(min(losses))

    def _stops(self) -> bool:
        patience = self.recipe.config.patience
        return bool(patience and self.log) and self._since_best() >= patience

    def _values(self) -> dict[str, Array]:
        return self.network.parameters() | self.network.state()

    def _save(self) -> None:
        state_dict = self.optimizer.state_dict() if self.optimizer is not None else {}
        config = self.recipe.config
        free = set(FREE) - ({"epochs"} if config.schedule in OVER_THE_RUN else set())
        training = {of: value for of, value in dataclasses.asdict(config).items() if of not in free}
        facts = {"data": self.fingerprint, "hand": config.hand, "optimizer": config.optimizer, "training": training}
        saved = Checkpoint(self.network.spec, len(self.log), self._values(), state_dict, self.best, facts)
        saved.save(self.path / CHECKPOINT)
        self.saved = time.monotonic()

    def _finished(self, before: float) -> Run:
        config, splits = self.recipe.config, self.splits
        scores = {name: score(self.network, getattr(splits, name)) for name in ("validation", "test")}
        results: dict[str, Any] = {
            "recipe": self.recipe.name,
            "hand": config.hand,
            "dtype": config.dtype,
            "seed": config.seed,
            "parameters": self.network.spec.size,
            "epochs": len(self.log),
            "stopped_early": self._stops(),
            "data": {
                "name": splits.name,
                "source": self.environment["source"],
                "train": len(splits.train),
                "validation": len(splits.validation),
                "test": len(splits.test),
                "split_seed": splits.seed,
            },
            "untrained": {"accuracy": before},
        } | {name: {"accuracy": right, "loss": loss} for name, (right, loss) in scores.items()}
        if self.gave_up:
            results["stopped"] = self.gave_up
        write_json(self.path / RESULTS, results)
        self.display.end(results)
        return Run(self.path, self.recipe, self.network, results, self.log, log.read(self.path / TIMES), splits)


def began(path: Path) -> dict[str, Any]:
    """Read in what environment a run began; nothing where it was killed before it was written."""
    environment = read_json(path / ENVIRONMENT)
    if environment and not (
        type(environment.get("threads")) is int
        and isinstance(environment.get("device"), str)
        and isinstance(environment.get("source", ""), str)
    ):
        raise ByhandError(f"{path / ENVIRONMENT} is damaged; train the run again.")
    return environment


def _device(config: TrainingConfig, began: str | None) -> tuple[str, str]:
    """Choose the device; a run that chose one already goes on there, because another computes other bits."""
    if config.device != "auto" or began is None:
        return choose_device(config.device, config.hand)
    try:
        return choose_device(began, config.hand)[0], "the run began there"
    except ByhandError as problem:
        raise ByhandError(
            f"The run began on the device {began!r}, which cannot be used now; go on with it where it can, "
            "or train it anew."
        ) from problem


def fingerprint(splits: Splits) -> str:
    """Name the digits by what they are."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (splits.train, splits.validation, splits.test):
        digest.update(part.images.tobytes())
        digest.update(part.labelled().tobytes())
    return digest.hexdigest()
