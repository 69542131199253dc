"""Comparisons train nothing twice, resume what was interrupted, and choose on the validation split."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand.compare import runner
from byhand.compare.result import Result
from byhand.compare.runner import Experiment, SplitCache, compare, experiments_of, train_once
from byhand.training.callbacks import Callback
from byhand.training.folder import LOCK
from byhand.training.recipe import Recipe
from byhand.training.run import Run

Refused = Callable[[str], AbstractContextManager[Any]]
MakeRecipe = Callable[..., Recipe]


class Recorder(Callback):
    """Counts runs and epochs, and interrupts after an epoch."""

    def __init__(self, interrupt_after: int = -1) -> None:
        self.runs, self.epochs, self.interrupt_after = 0, list[int](), interrupt_after
        self.skipped, self.notes = list[float](), list[str]()

    def note(self, message: str) -> None:
        self.notes.append(message)

    def skip(self, run: Run) -> None:
        self.skipped.append(run.accuracy)

    def begin(self, run: Run, accuracy: float) -> None:
        self.runs += 1

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        self.epochs.append(entry["epoch"])
        if entry["epoch"] == self.interrupt_after:
            raise KeyboardInterrupt


@pytest.fixture
def recipe(npz: Path) -> MakeRecipe:
    """``recipe(**settings)``: a recipe that trains in milliseconds."""

    def make(**settings: Any) -> Recipe:
        training = {"epochs": 3, "batch_size": 50, "lr": 0.05, "threads": 1}
        default = Recipe("small", "", {"name": "mlp", "hidden": [6]}, training, {"name": str(npz)})
        return default.with_settings(**settings)

    return make


@pytest.fixture
def changing(npz: Path, tmp_path: Path) -> tuple[Path, Callable[[], None]]:
    """A file of digits, and a function that changes its labels."""
    copy = tmp_path / "digits.npz"
    copy.write_bytes(npz.read_bytes())

    def change() -> None:
        with np.load(npz) as arrays:
            np.savez(copy, **{**arrays, "y_train": (arrays["y_train"] + 1) % 10})

    return copy, change


def trained(recipe: Recipe, folder: Path, interrupt_after: int = -1) -> tuple[Run, Recorder]:
    recorder = Recorder(interrupt_after)
    return train_once(recipe, folder, SplitCache().get(recipe), recorder), recorder


def contents(run: Run) -> dict[str, bytes]:
    """The files without times of day, and without the seconds that the results hold."""
    names = ("log.jsonl", "results.json", "checkpoint.safetensors")
    return {name: re.sub(rb'"seconds": .*', b"", (run.folder / name).read_bytes()) for name in names}


def test_a_finished_run_is_used_again(recipe: MakeRecipe, tmp_path: Path) -> None:
    first, recorder = trained(recipe(), tmp_path)
    assert (recorder.runs, recorder.epochs) == (1, [0, 1, 2])
    assert first.folder.name.startswith("small-fast-seed0-")
    again, recorder = trained(recipe(), tmp_path)
    assert (recorder.runs, recorder.skipped) == (0, [first.accuracy])
    assert (again.path, again.results, again.log, again.times) == (first.path, first.results, first.log, first.times)


def test_what_a_kill_left_in_a_finished_run_is_removed(recipe: MakeRecipe, tmp_path: Path) -> None:
    run, _ = trained(recipe(), tmp_path)
    before = sorted(path.name for path in run.folder.iterdir())
    for name in (LOCK, ".log-0123456789abcdef.jsonl"):
        (run.folder / name).touch()
    trained(recipe(), tmp_path)
    assert sorted(path.name for path in run.folder.iterdir()) == before


def test_an_interrupted_run_is_resumed(recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byhand.training.trainer.SAVE_EVERY", -1.0)
    whole, _ = trained(recipe(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(recipe(), tmp_path / "interrupted", interrupt_after=1)
    rest, recorder = trained(recipe(), tmp_path / "interrupted")
    assert recorder.epochs == [2]
    assert rest.folder.name == whole.folder.name
    assert contents(rest) == contents(whole)


def test_what_a_run_depends_on(recipe: MakeRecipe, tmp_path: Path) -> None:
    base = recipe(epochs=1)
    others = [
        base.with_settings(lr=0.1),
        base.with_settings(hidden=[7]),
        base.with_settings(seed=1),
        base.with_settings(hand="numpy"),
        base.with_data(split="100/40/30"),
        base.with_data(split_seed=1),
    ]
    folders = {trained(one, tmp_path)[0].folder for one in (base, *others)}
    assert len(folders) == 1 + len(others)
    # A comment and what another project states change no run.
    described = Recipe("small", "Words.", base.network, base.training, base.data, project={"states": "90 %"})
    assert trained(described, tmp_path)[1].runs == 0


def test_other_digits_in_the_same_file(
    recipe: MakeRecipe, tmp_path: Path, changing: tuple[Path, Callable[[], None]], refused: Refused
) -> None:
    path, change = changing
    one = recipe(epochs=1).with_data(name=str(path))
    run, _ = trained(one, tmp_path / "runs")
    experiments = experiments_of([run.folder])
    change()
    with refused("run.other_digits"):
        trained(one, tmp_path / "runs")
    # A finished run is shown without predictions, and so it is if its digits are gone.
    for _ in range(2):
        recorder = Recorder()
        (result,) = compare(experiments, tmp_path, SplitCache(), lambda *_, recorder=recorder: recorder)
        assert result.predictions is None
        assert len(recorder.notes) == 1
        assert result.mean("test")[0] == run.accuracy
        path.unlink(missing_ok=True)


def test_digits_are_read_once(recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """For several splits and seeds, too."""
    read = list[str]()
    load = runner.load_dataset
    monkeypatch.setattr(runner, "load_dataset", lambda name, **how: read.append(name) or load(name, **how))
    splits = SplitCache()
    found = [splits.get(one).sizes for one in (recipe(), recipe(seed=1), recipe().with_data(split="100/40/30"))]
    assert len(read) == 1
    assert found[0] == found[1] != found[2] == (100, 40, 30)


def test_results_come_as_they_are_done(recipe: MakeRecipe, tmp_path: Path) -> None:
    recorder = Recorder(interrupt_after=1)
    experiments = [Experiment(recipe(epochs=1)), Experiment(recipe())]
    done = []
    with pytest.raises(KeyboardInterrupt):
        done.extend(runner.results_of(experiments, tmp_path, SplitCache(), lambda index, recipe: recorder))
    assert [result.epochs for result in done] == [1]


def test_a_sweep_is_decided_on_validation(recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 2 is best on validation and worst on test; 3 is its equal and comes later.
    accuracies = {1.0: (0.90, 0.99), 2.0: (0.95, 0.80), 3.0: (0.95, 0.97)}

    def fabricated(recipe: Recipe, *_: Any) -> Run:
        validation, test = accuracies[recipe.config.lr]
        validation += 0.001 * (-1) ** recipe.config.seed
        results = {"validation": {"accuracy": validation}, "test": {"accuracy": test}}
        return Run("x", recipe, Path(), results, [], [], {"device": "cpu"})

    monkeypatch.setattr(runner, "train_once", fabricated)
    monkeypatch.setattr(runner, "predict", lambda run, digits: None)
    base = recipe()
    swept = Recipe("small", "", base.network, base.training, base.data, sweep={"lr": (1.0, 2.0, 3.0)})
    (result,) = compare([Experiment(swept, range(2))], tmp_path, SplitCache())
    assert (result.recipe.config.lr, result.sweep) == (2.0, "small")
    assert len(result.runs) == 2
    assert result.grid == [
        {"lr": lr, "validation": pytest.approx(validation), "test": pytest.approx(test)}
        for lr, (validation, test) in accuracies.items()
    ]


def test_finished_runs(recipe: MakeRecipe, tmp_path: Path) -> None:
    seeds = [trained(recipe(seed=seed), tmp_path)[0] for seed in range(2)]
    other, _ = trained(recipe(lr=0.1), tmp_path)
    experiments = experiments_of([seeds[0].folder, other.folder, seeds[1].folder, seeds[0].folder])
    assert [[run.path for run in one.runs] for one in experiments] == [[run.path for run in seeds], [other.path]]
    recorder = Recorder()
    first, second = compare(experiments, tmp_path, SplitCache(), lambda index, recipe: recorder)
    assert recorder.runs == 0
    assert recorder.skipped == [run.accuracy for run in (*seeds, other)]
    # Both recipes have one name; the folder distinguishes them.
    assert (first.name, second.name) == ("small", other.folder.name)
    for result in (first, second):
        assert result.predictions is not None
        assert result.predictions.accuracy == pytest.approx(result.runs[0].accuracy)


def test_a_run_that_is_not_done(recipe: MakeRecipe, tmp_path: Path, refused: Refused) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(recipe(), tmp_path, interrupt_after=1)
    (path,) = (path for path in tmp_path.iterdir() if path.is_dir())
    with refused("run.not_done"):
        experiments_of([path])


def test_times_of_a_result() -> None:
    logs = [[{"val_accuracy": value} for value in values] for values in ((0.9, 0.95), (0.9495, 0.95))]
    results = {"validation": {"accuracy": 0.95}, "data": {"train": 300}}
    small = Recipe("small", network={"name": "softmax"})
    runs = [
        Run("x", small, Path(), results, log, [{"seconds": s} for s in seconds], {})
        for log, seconds in zip(logs, ((1.0, 9.0), (2.0, 4.0)), strict=True)
    ]
    result = Result(small, runs)
    assert result.epoch_seconds == 3.0
    assert result.seconds == 8.0
    assert result.clock == [1.5, 8.0]
    # The first run came within 0.1 points of its end after both epochs, the second after the first.
    assert result.final_seconds == pytest.approx((10.0 + 2.0) / 2)
    # 300 digits, two epochs: in 10 seconds, and in 6.
    assert result.rate == pytest.approx((60 + 100) / 2)
