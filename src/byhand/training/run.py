"""A run: a recipe that is trained, with a folder that holds everything about it.

::

    runs/<name>/
        recipe.toml              the network and how it is trained
        environment.json         the machine it is trained on, and the source of its digits
        log.jsonl                what each epoch measured; the same seed writes the same bytes
        times.jsonl              when each epoch ended and how many seconds it took
        checkpoint.safetensors   weights, optimizer state, the network's spec
        results.json             written last: a run that has it is done

`Run` is the only type for a trained network. Weights that ship with byhand are a run without a folder.
`byhand.training.trainer` trains runs.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byhand.data import Splits, load_digits
from byhand.data.loading import say
from byhand.errors import ByhandError, nearest
from byhand.hands import Network, build
from byhand.models import own_layers
from byhand.models.spec import Spec
from byhand.options import short
from byhand.training.checkpoint import Checkpoint
from byhand.training.folder import (
    CHECKPOINT,
    ENVIRONMENT,
    LOG,
    RECIPE,
    TIMES,
    is_locked,
    read_json,
    read_log,
    read_results,
)
from byhand.training.recipe import Recipe, parse_recipe

FINAL_MARGIN = 0.001
"""A validation accuracy at most this far below the last one counts as final."""


@dataclass(eq=False)
class Run:
    """A recipe that is being trained or was trained, and all that is known about it.

    `byhand.load_run` loads one, `byhand.training.trainer.start` trains one. The network and the digits are loaded when
    they are first used; a run that was trained in this process has kept them.

    Attributes
    ----------
    name
        The folder's path, or the name of shipped weights.
    recipe
        The network and how it is trained.
    path
        The run's folder; ``None`` for shipped weights.
    results
        What ``results.json`` holds; empty until the run is done, and for shipped weights.
    log, times
        One entry for each finished epoch.
    environment
        The machine, versions, device and threads.
    card
        For shipped weights, what is known about them (`byhand.weights.card`); else empty.
    hand
        The hand in which `network` is built.
    """

    name: str
    recipe: Recipe
    path: Path | None = None
    results: dict[str, Any] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    times: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    hand: str = "fast"
    _network: Network | None = field(default=None, repr=False)
    _splits: Splits | None = field(default=None, repr=False)
    _load_checkpoint: Callable[[], Checkpoint] | None = field(default=None, repr=False)

    @classmethod
    def load(cls, path: str | Path, hand: str | None = None) -> Run:
        """Load a run from its folder; another process may be training it.

        Raises
        ------
        ByhandError
            ``run.not_found`` if the folder holds no run, ``run.damaged`` if one of its files is damaged.
        """
        path = Path(path)
        recipe, environment = read_recipe(path), read_json(path / ENVIRONMENT)
        for sentence in own_layers.changed(str(path), environment):
            say(sentence)
        return cls(
            str(path),
            recipe,
            path,
            results=read_results(path),
            log=read_log(path / LOG, "train_loss"),
            times=read_log(path / TIMES, "seconds"),
            environment=environment,
            hand=hand or recipe.config.hand,
        )

    def __repr__(self) -> str:
        """The name, what was trained, and how far."""
        accuracy = self.results.get("test", {}).get("accuracy", self.card.get("test_accuracy"))
        test = "" if accuracy is None else f", test accuracy {accuracy:.4f}"
        return f"<Run {short(self.name)}: {short(self.recipe.name)}, {self.hand} hand, {self.status}{test}>"

    @property
    def folder(self) -> Path:
        """The run's folder, of a run that has one."""
        if self.path is None:
            raise ByhandError(
                f"{self.name!r} names weights that ship with byhand, which have no folder; name a run's folder.",
                code="run.no_folder",
            )
        return self.path

    @property
    def status(self) -> str:
        """``"new"``, ``"running"``, ``"interrupted"`` or ``"done"``, without blocking the process that trains it."""
        if self.path is None or self.results:
            return "done"
        if is_locked(self.path):
            return "running"
        return "interrupted" if self.log else "new"

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint as it is on disk now.

        Raises
        ------
        ByhandError
            ``checkpoint.not_found`` before the first epochs are saved, ``checkpoint.damaged``.
        """
        if self._load_checkpoint is not None:
            return self._load_checkpoint()
        return Checkpoint.load(self.folder / CHECKPOINT)

    @functools.cached_property
    def spec(self) -> Spec:
        """The network's layers, loss and shapes."""
        return self.checkpoint.spec if self._network is None else self._network.spec

    @property
    def network(self) -> Network:
        """The network with its trained weights."""
        if self._network is None:
            self._network = self.load_network(self.hand)
        return self._network

    def load_network(self, hand: str | None = None, *, dtype: str | None = None, device: str = "cpu") -> Network:
        """Build a new network from the checkpoint.

        Parameters
        ----------
        hand, dtype, device
            As in `byhand.hands.build`; by default those of the recipe, and the CPU.
        """
        saved = self.checkpoint
        default = "float32" if self.path is None else self.recipe.config.dtype
        network = build(saved.spec, hand or self.hand, dtype=dtype or default, device=device)
        network.load(saved.values)
        return network

    @property
    def has_network(self) -> bool:
        """Whether the network is in memory: the run was trained in this process, or `network` was used before."""
        return self._network is not None

    @property
    def has_splits(self) -> bool:
        """Whether the digits are in memory: the run was trained in this process, or `splits` was called before."""
        return self._splits is not None

    def splits(self, *, offline: bool = False, notify: Callable[[str], None] = say) -> Splits:
        """Load the digits that the run was trained on.

        Parameters
        ----------
        offline
            Download nothing.
        notify
            Receives a sentence where the digits or the split differ from the recipe's.

        Raises
        ------
        ByhandError
            ``run.other_digits`` if they are no longer the same digits, ``run.unknown_digits`` for shipped weights whose
            digits have no name; or if they cannot be loaded.
        """
        if self._splits is not None:
            return self._splits
        if self.path is None:
            data = self.card.get("data")
            if not isinstance(data, dict) or not {"name", "split", "split_seed"} <= data.keys():
                raise ByhandError(
                    f"The digits that {self.name} was trained on have no name; name digits by --data.",
                    code="run.unknown_digits",
                )
            splits = load_digits(data["name"], data["split_seed"], data["split"], offline, notify)
        else:
            splits = self.recipe.load_splits(offline=offline, notify=notify)
            self.require_digits(splits)
        self._splits = splits
        return splits

    def require_digits(self, splits: Splits) -> None:
        """Raise `ByhandError` (``run.other_digits``) unless the run was trained on these digits.

        Only the checkpoint's header is read, and nothing if the run has been trained on them in this process.
        """
        if self._splits is not splits:
            Checkpoint.load(self.folder / CHECKPOINT, arrays=False).require_digits(self.name, splits)

    @property
    def accuracy(self) -> float:
        """Accuracy on the test split, from 0 to 1; NaN for a run that is not done."""
        if self.results:
            return float(self.results["test"]["accuracy"])
        return float(self.card.get("test_accuracy", math.nan))

    @property
    def epoch_seconds(self) -> list[float]:
        """Seconds of training in each epoch."""
        return [float(entry["seconds"]) for entry in self.times]

    @property
    def seconds(self) -> float:
        """Seconds of training."""
        return float(sum(self.epoch_seconds))

    @property
    def final_seconds(self) -> float:
        """Seconds of training until the validation accuracy first came within `FINAL_MARGIN` of the final one.

        Without validation digits, of the whole training.
        """
        if "validation" not in self.results:
            return self.seconds
        final = self.results["validation"]["accuracy"] - FINAL_MARGIN - 1e-9
        reached = next(
            (epoch for epoch, entry in enumerate(self.log) if entry["val_accuracy"] >= final), len(self.log) - 1
        )
        return float(sum(self.epoch_seconds[: reached + 1]))

    @property
    def rate(self) -> float:
        """Training digits per second; each digit counts once an epoch."""
        return float(self.results["data"]["train"] * len(self.times) / self.seconds)

    def require_done(self) -> Run:
        """Return the run itself if it is done and its files are complete.

        Raises
        ------
        ByhandError
            ``run.not_done``, ``run.incomplete`` or ``run.damaged``.
        """
        if self.path is not None and not self.results:
            raise ByhandError(
                f"{self.path} is not done: {len(self.log)} of {self.recipe.config.epochs} epochs; "
                f"finish it by `byhand train --resume {self.path}`.",
                code="run.not_done",
            )
        if not self.environment or not self.log or not len(self.log) == len(self.times) == self.results.get("epochs"):
            raise ByhandError(
                f"{self.path} lacks some of {ENVIRONMENT}, {LOG} and {TIMES}; train the run again.",
                code="run.incomplete",
            )
        try:
            _ = self.rate, self.final_seconds, self.accuracy + self.results["parameters"]
            _ = self.results["seed"], self.environment["device"], self.environment["threads"]
        except (KeyError, TypeError, ZeroDivisionError) as problem:
            raise ByhandError(
                f"{self.path} is damaged ({problem!r} in its files); train the run again.", code="run.damaged"
            ) from problem
        return self


def read_recipe(path: Path) -> Recipe:
    """Read the recipe in a run's folder.

    Raises
    ------
    ByhandError
        ``run.not_found`` if the folder is not a run's, ``run.needs_import`` if it has layers from outside byhand that
        have not been imported.
    """
    try:
        text = (path / RECIPE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        if not path.exists():
            beside = [one.parent.name for one in path.parent.glob(f"*/{RECIPE}")]
            hint = nearest(path.name, beside) if beside else "start the run by `byhand train RECIPE`"
            raise ByhandError(
                f"There is no folder {path}: nothing was saved there yet; {hint}.",
                code="run.not_found",
            ) from problem
        if next(path.glob(f"*/{RECIPE}"), None) is not None:
            raise ByhandError(
                f"{path} contains several runs; name one of them, or repeat the command that started them to resume.",
                code="run.not_found",
            ) from problem
        raise ByhandError(f"{path} is not the folder of a run: it has no {RECIPE}.", code="run.not_found") from problem
    try:
        return parse_recipe(text, path.name)
    except ByhandError as problem:
        raise own_layers.missing(str(path), read_json(path / ENVIRONMENT), problem) from problem
