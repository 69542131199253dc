"""Train a run: put together what it needs, run the training loop, write logs and checkpoints, score the result.

A run that is killed resumes from its checkpoint (`resume`) and ends with the same bytes in log, weights and results as
one that was not. The full-batch methods keep their state inside SciPy and start again, with the same end.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from byhand.data import Splits
from byhand.errors import ByhandError
from byhand.hands import Array, build, require_torch
from byhand.io import write_json
from byhand.models import own_layers
from byhand.training import folder as files
from byhand.training.callbacks import Callback
from byhand.training.checkpoint import Checkpoint
from byhand.training.config import SCHEDULES_OF_LENGTH, TrainingConfig
from byhand.training.environment import choose_device, choose_threads, environment, set_threads
from byhand.training.folder import CHECKPOINT, ENVIRONMENT, LOCK, LOG, RECIPE, RESULTS, TIMES
from byhand.training.loop import Epoch, score, train_by_steps, train_full_batch
from byhand.training.optimizers import optimizer
from byhand.training.recipe import Recipe
from byhand.training.rerun import finish_replacement, prepare_replacement, reopen, with_epochs
from byhand.training.run import Run, read_recipe

MAX_PARAMETERS = 2**33
"""More than fits into memory; NumPy's own errors for such sizes are unclear."""

SAVE_EVERY = 1.0
"""Minimum seconds between two checkpoints: a small network's epoch takes milliseconds."""

FORMAT = 2
"""Of checkpoints; those without one were written when the fast hand was called ``numpy``."""

CHANGEABLE = ("epochs", "patience", "watch_test", "threads", "device", "log_every")
"""Settings that may be changed before a run is resumed; epochs only where the schedule does not depend on them."""


def start(
    recipe: Recipe,
    folder: Path,
    name: str | None = None,
    *,
    offline: bool = False,
    callback: Callback | None = None,
    splits: Splits | None = None,
    force: bool = False,
) -> Run:
    """Train a recipe in a new folder.

    Parameters
    ----------
    recipe
        What to train; without a sweep.
    folder
        Where runs are kept.
    name
        The run's name; by default the recipe's and the hand's, with a number if there is such a run.
    offline
        Download nothing.
    callback
        Called at every stage.
    splits
        The recipe's digits, if they are loaded already.
    force
        Replace the run of that name, if there is one. It stays as it is until the new one is done, whose folder's name
        ends in ``.new`` until then.

    Returns
    -------
    Run
        Done, with its network and digits in memory.

    Raises
    ------
    ByhandError
        If the recipe has a sweep, the run's name is taken, the data cannot be loaded, or the loss is not finite.
    """
    if recipe.sweep:
        raise ByhandError(
            f"The recipe {recipe.name!r} sweeps {' and '.join(recipe.sweep)}, and so defines several runs; "
            f"set each to one value, or train it by `byhand train {recipe.name}`.",
            code="recipe.sweeps",
        )
    if name is not None:
        files.valid_name(name)
    # All that can be wrong with the request is found before the folder is made.
    trainer = Trainer(recipe, callback or Callback(), splits, offline)
    default = f"{recipe.name}-{recipe.config.hand}"
    if force:
        name = prepare_replacement(folder, name or default)
    path = files.create_folder(folder, name, default, recipe.to_toml(), trainer.environment)
    with _training(path):
        run = trainer.train(path)
    return finish_replacement(run)


@contextmanager
def _training(path: Path) -> Iterator[None]:
    """Lock a run while the block trains it; an interrupt says how to go on."""
    try:
        with files.locked(path):
            yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"resume the run by `byhand train --resume {path}`") from None


def resume(
    path: Path,
    *,
    epochs: int | None = None,
    offline: bool = False,
    callback: Callback | None = None,
    splits: Splits | None = None,
) -> Run:
    """Resume a run that was interrupted; one that is done is loaded, or trained further with more `epochs`.

    Parameters
    ----------
    path
        The run's folder.
    epochs
        The number of epochs in all, if the run is to be trained for more or fewer than its recipe says. The end is that
        of a run that was started with this number.
    offline, callback, splits
        As in `start`.

    Raises
    ------
    ByhandError
        ``run.not_found``; ``run.busy`` if another process trains it; ``run.other_recipe``, ``run.other_digits`` or
        ``run.other_device`` if it cannot continue as it began.
    """
    path, callback = Path(path), callback or Callback()
    recipe = read_recipe(path)
    if epochs == recipe.config.epochs:
        epochs = None
    if epochs is not None or not files.read_results(path) or (path / LOCK).exists():
        with _training(path):
            if epochs is not None:
                recipe = with_epochs(path, recipe, epochs)
            # Another process may have finished it just now, or been killed between its last file and its lock.
            done = bool(files.read_results(path)) and epochs is None
            if not done:
                trainer = Trainer(recipe, callback, splits, offline, files.read_environment(path))
                run = trainer.train(path, changed=epochs is not None)
            files.remove_partial_files(path)
        if not done:
            return finish_replacement(run)
    run = finish_replacement(Run.load(path))
    callback.note(f"{run.path} is done; nothing is left to train.")
    return run


class Trainer:
    """Trains one recipe, once.

    Parameters
    ----------
    recipe, callback, splits, offline
        As in `start`.
    before
        The environment in which the run began, if it is resumed: threads and device are kept.
    """

    def __init__(
        self,
        recipe: Recipe,
        callback: Callback,
        splits: Splits | None,
        offline: bool,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        config, before = recipe.config, before or {}
        self.recipe, self.config, self.callback = recipe, config, callback
        if config.full_batch:
            # It brings a BLAS of its own, whose threads are set with the others.
            import scipy.optimize  # noqa: F401
        # Before the digits are loaded, about which there may be something to say.
        require_torch(config.hand)
        # Set before the weights are drawn: orthogonal ones come from matrix products.
        threads, threads_note = config.threads or before.get("threads", 0), ""
        if not threads:
            threads, threads_note = choose_threads()
        set_threads(threads)
        device, device_note = _choose_device(config, before.get("device"))
        self.notes = [note for note in (device_note, threads_note) if note]
        self.splits = recipe.load_splits(offline=offline, notify=callback.note) if splits is None else splits
        spec = recipe.spec(self.splits.train)
        if spec.size > MAX_PARAMETERS:
            raise ByhandError(
                f"The network has {spec.size:.0e} parameters, more than the limit of {MAX_PARAMETERS:.0e}; "
                "choose smaller layers.",
                code="recipe.too_large",
            )
        self.network = build(spec, config.hand, seed=config.seed, dtype=config.dtype, device=device)
        # Set again, in case `build` imported torch.
        set_threads(threads)
        self.optimizer = None if config.full_batch else optimizer(self.network, config)
        self.environment = environment(device, threads) | {"source": before.get("source", self.splits.source)}
        self.environment |= own_layers.needed(spec)
        for sentence in own_layers.changed("the run", before):
            callback.note(sentence)
        self.best_epoch: int | None = None
        self.best: dict[str, Array] = {}

    def train(self, path: Path, *, changed: bool = False) -> Run:
        """Train from the beginning, or from the checkpoint in the run's folder, whose recipe may be `changed`."""
        config, network, splits = self.config, self.network, self.splits
        self.path, self.saved = path, time.monotonic()
        untrained = score(network, splits.validation)[0] if len(splits.validation) else math.nan
        log, times = self._restore()
        if changed:
            # Only now that all is there that it takes: until here, a run that was done stays so.
            reopen(path, self.recipe)
        if not log or not (path / ENVIRONMENT).exists():
            write_json(path / ENVIRONMENT, self.environment)
        else:
            self.environment = {"source": self.environment["source"]} | files.read_environment(path)
        self.run = Run(
            str(path),
            self.recipe,
            path,
            log=log,
            times=times,
            environment=self.environment,
            hand=config.hand,
            _network=network,
            _splits=splits,
        )
        if not len(splits.validation):
            self.notes.append(
                "there are no validation digits: the last weights are kept, patience has no effect, and no validation "
                "accuracy is measured."
            )
        for note in self.notes:
            self.callback.note(note)
        self.callback.begin(self.run, untrained)
        stopped = ""
        if self.optimizer is None:
            if stopped := train_full_batch(network, splits, config, self._after_epoch):
                done = f"{log[-1]['step']} of {config.epochs} iterations"
                self.callback.note(f"{config.optimizer} stopped after {done}: {stopped}.")
        elif not self._out_of_patience():
            showing = (self.callback.step, self.callback.loss)
            train_by_steps(network, self.optimizer, splits, config, self._after_epoch, len(log), *showing)
        if self.best:
            network.load(self.best)
        self._save()
        self.run.results = self._results(untrained) | ({"stopped": stopped} if stopped else {})
        # The only entry that is not the same in every run of the same seed.
        self.run.results["seconds"] = round(self.run.seconds, 3)
        write_json(path / RESULTS, self.run.results)
        files.remove_partial_files(path)
        self.callback.end(self.run)
        return self.run

    def _restore(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Load the checkpoint, if there is one, and the log and times of the epochs it has done."""
        done = 0
        if self.optimizer is not None and (self.path / CHECKPOINT).exists():
            saved = Checkpoint.load(self.path / CHECKPOINT)
            before = {name: saved.facts.get(name) for name in ("hand", "optimizer")} | saved.facts.get("training", {})
            now = dataclasses.asdict(self.config)
            if "format" not in saved.facts and before["hand"] == "numpy":
                # The fast hand was called numpy, and was the default, until the textbook hand took that name.
                if self.config.hand == "fast":
                    before["hand"] = "fast"
                elif self.config.hand == "numpy":
                    self.callback.note(
                        "this run was begun by the hand that is now called fast; it continues in the textbook hand."
                    )
            changed = [name for name, value in before.items() if now.get(name) != value]
            if saved.spec != self.network.spec or changed:
                raise ByhandError(
                    f"{self.path / RECIPE} is no longer the recipe that the run began with; "
                    f"restore its {' and '.join(changed) or 'network'}, or train a new run.",
                    code="run.other_recipe",
                )
            saved.require_digits(self.path, self.splits)
            self.network.load(saved.values)
            self.optimizer.load_state(saved.optimizer)
            done = saved.epochs
        log = files.read_log(self.path / LOG, "train_loss")
        if len(log) < done:
            raise ByhandError(
                f"{self.path / LOG} lacks some of the {done} epochs that are done; train the run again.",
                code="run.damaged",
            )
        if done and self._has_patience and saved.best:
            losses = [entry["val_loss"] for entry in log[:done]]
            self.best, self.best_epoch = saved.best, saved.facts.get("best_epoch", losses.index(min(losses)))
        files.remove_partial_files(self.path)
        return files.truncate_log(self.path / LOG, done), files.truncate_log(self.path / TIMES, done, "seconds")

    def _after_epoch(self, epoch: Epoch) -> bool:
        """Log an epoch; whether to stop."""
        log, times = self.run.log, self.run.times
        now = datetime.now(UTC).isoformat(timespec="seconds")
        timed = {"epoch": epoch.entry["epoch"], "seconds": epoch.seconds, "now": now}
        for name, entries, entry in ((LOG, log, epoch.entry), (TIMES, times, timed)):
            entries.append(entry)
            files.append_log(self.path / name, entry)
        if self._has_patience and (
            self.best_epoch is None or epoch.entry["val_loss"] < log[self.best_epoch]["val_loss"]
        ):
            self.best_epoch = len(log) - 1
            self.best = {name: value.copy() for name, value in self._values().items()}
        if time.monotonic() - self.saved > SAVE_EVERY:
            self._save()
        self.callback.epoch(epoch.entry, epoch.seconds)
        return self._out_of_patience()

    @property
    def _has_patience(self) -> bool:
        return bool(self.config.patience and len(self.splits.validation))

    def _out_of_patience(self) -> bool:
        """Whether the last `patience` epochs have not been better than the best since patience was set."""
        return self.best_epoch is not None and len(self.run.log) - 1 - self.best_epoch >= self.config.patience

    def _values(self) -> dict[str, Array]:
        return self.network.parameters() | self.network.state()

    def _save(self) -> None:
        config = self.config
        changeable = set(CHANGEABLE) - ({"epochs"} if config.schedule in SCHEDULES_OF_LENGTH else set())
        facts: dict[str, Any] = {
            "format": FORMAT,
            "data": self.splits.fingerprint,
            "hand": config.hand,
            "optimizer": config.optimizer,
            "training": {name: v for name, v in dataclasses.asdict(config).items() if name not in changeable},
        }
        if self.best_epoch is not None:
            facts["best_epoch"] = self.best_epoch
        state = {} if self.optimizer is None else self.optimizer.state_dict()
        Checkpoint(self.network.spec, len(self.run.log), self._values(), state, self.best, facts).save(
            self.path / CHECKPOINT
        )
        self.saved = time.monotonic()

    def _results(self, untrained: float) -> dict[str, Any]:
        config, splits = self.config, self.splits
        results: dict[str, Any] = {
            "recipe": self.recipe.name,
            "hand": config.hand,
            "dtype": config.dtype,
            "seed": config.seed,
            "parameters": self.network.spec.size,
            "epochs": len(self.run.log),
            "stopped_early": self._out_of_patience() and len(self.run.log) < config.epochs,
            "data": {
                "name": splits.name,
                "source": self.environment["source"],
                **dict(zip(("train", "validation", "test"), splits.sizes, strict=True)),
                "split_seed": splits.seed,
            },
        }
        if len(splits.validation):
            results["untrained"] = {"accuracy": untrained}
        for part in ("validation", "test"):
            if len(digits := getattr(splits, part)):
                accuracy, loss = score(self.network, digits)
                results[part] = {"accuracy": accuracy, "loss": loss}
        return results


def _choose_device(config: TrainingConfig, before: str | None) -> tuple[str, str]:
    """Choose the device and say why; a resumed run keeps its own, because another rounds differently."""
    began = before if config.device == "auto" else None
    try:
        device, reason = choose_device(began or config.device, config.hand, config.dtype)
    except ByhandError as problem:
        if began is None:
            raise
        raise ByhandError(
            f"The run began on the device {began!r}, which is not available now; resume it where it is, "
            "or train a new run.",
            code="run.other_device",
        ) from problem
    # That NumPy computes on the CPU, or a device that was asked for, is no news.
    expected = config.hand in ("numpy", "fast") or config.device != "auto" or (began and device == "cpu")
    return device, "" if expected else f"computing on {device}: {'the run began there' if began else reason}."
