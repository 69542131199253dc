"""Comparisons train nothing twice, go on where they were interrupted, and choose on the validation split."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand.compare import runner as comparison
from byhand.compare import split_cache as shelf
from byhand.compare.entry import Row
from byhand.compare.runner import Entry, compare, gathered, run_of
from byhand.compare.split_cache import Shelf
from byhand.errors import ByhandError
from byhand.training.callbacks import Callback
from byhand.training.recipe import Recipe
from byhand.training.run import Run

Made = Callable[..., Recipe]


class Watching(Callback):
    """Counts the runs and epochs that are trained, and breaks off where it is told to."""

    def __init__(self, until: int = -1) -> None:
        self.runs, self.epochs, self.until = 0, list[int](), until
        self.known, self.notes = list[float](), list[str]()

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def skip(self, run: Run) -> None:
        self.known.append(run.accuracy)

    def begin(self, run: Run, accuracy: float) -> None:
        self.runs += 1

    def epoch(self, entry: dict[str, Any], seconds: float) -> None:
        self.epochs.append(entry["epoch"])
        if entry["epoch"] == self.until:
            raise KeyboardInterrupt


@pytest.fixture
def made(npz: Path) -> Made:
    """``made(**settings)``: a recipe that is trained in a blink."""

    def recipe(**settings: Any) -> Recipe:
        training = {"epochs": 3, "batch_size": 50, "lr": 0.05, "threads": 1}
        default = Recipe("small", "", {"name": "mlp", "hidden": [6]}, training, {"name": str(npz)})
        return default.with_settings(**settings)

    return recipe


def trained(recipe: Recipe, folder: Path, until: int = -1) -> tuple[Run, Watching]:
    watching = Watching(until)
    return run_of(recipe, folder, Shelf(), watching), watching


def contents(path: Path) -> dict[str, bytes]:
    """Files that hold no time of day."""
    return {name: (path / name).read_bytes() for name in ("log.jsonl", "results.json", "checkpoint.safetensors")}


def test_a_finished_run_is_used_again(made: Made, tmp_path: Path) -> None:
    first, watched = trained(made(), tmp_path)
    assert (watched.runs, watched.epochs) == (1, [0, 1, 2])
    assert first.path.name.startswith("small-fast-seed0-")
    assert [entry["epoch"] for entry in first.log] == [0, 1, 2]
    assert len(first.epoch_seconds) == 3
    again, watched = trained(made(), tmp_path)
    assert watched.runs == 0
    assert watched.known == [first.results["test"]["accuracy"]]
    assert (again.path, again.results, again.log, again.times) == (first.path, first.results, first.log, first.times)


def test_an_interrupted_run_goes_on(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byhand.training.trainer.SAVE_EVERY", -1.0)
    whole, _ = trained(made(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(made(), tmp_path / "broken", until=1)
    rest, watched = trained(made(), tmp_path / "broken")
    assert watched.epochs == [2]
    assert rest.path.name == whole.path.name
    assert contents(rest.path) == contents(whole.path)


def test_a_run_that_was_killed_before_it_had_a_recipe(made: Made, tmp_path: Path) -> None:
    whole, _ = trained(made(), tmp_path / "whole")
    (tmp_path / "broken" / whole.path.name).mkdir(parents=True)
    begun, watched = trained(made(), tmp_path / "broken")
    assert watched.epochs == [0, 1, 2]
    assert contents(begun.path) == contents(whole.path)


def test_what_a_run_depends_on(made: Made, tmp_path: Path, npz: Path) -> None:
    base = made(epochs=1)
    others = [
        base.with_settings(lr=0.1),
        base.with_settings(hidden=[7]),
        base.with_settings(seed=1),
        base.with_settings(hand="tensor"),
        base.with_data(split="100/40/30"),
        base.with_data(split_seed=1),
    ]
    paths = {trained(recipe, tmp_path)[0].path for recipe in (base, *others)}
    assert len(paths) == 1 + len(others)
    # What a recipe says about itself and about others changes no run.
    told = Recipe("small", "Words.", base.network, base.training, base.data, project={"states": "90 %"})
    assert trained(told, tmp_path)[1].runs == 0


def test_other_digits_in_the_same_file_are_noticed(made: Made, tmp_path: Path, npz: Path) -> None:
    copy = tmp_path / "digits.npz"
    copy.write_bytes(npz.read_bytes())
    recipe = made(epochs=1).with_data(name=str(copy))
    trained(recipe, tmp_path / "runs")
    with np.load(npz) as arrays:
        np.savez(copy, **{**arrays, "y_train": (arrays["y_train"] + 1) % 10})
    with pytest.raises(ByhandError, match=r"was trained on other digits than digits .* now gives; .*--runs"):
        trained(recipe, tmp_path / "runs")


def fabricated(**accuracies: tuple[float, float]) -> Callable[..., Run]:
    """In place of `run_of`: runs whose validation and test accuracy follow from the recipe's learning rate."""

    def run(recipe: Recipe, *_: Any) -> Run:
        validation, test = accuracies[f"lr{recipe.config.lr:g}"]
        # Seeds differ a little, in opposite directions.
        wobble = 0.001 * (-1) ** recipe.config.seed
        results = {"validation": {"accuracy": validation + wobble}, "test": {"accuracy": test}}
        return Run("x", recipe, Path(), results, [], [], {"device": "cpu"})

    return run


def test_a_sweep_is_decided_on_validation(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The second is best on validation and worst on test; the third is its equal and comes later.
    known = fabricated(lr1=(0.90, 0.99), lr2=(0.95, 0.80), lr3=(0.95, 0.97))
    monkeypatch.setattr(comparison, "run_of", known)
    monkeypatch.setattr(comparison, "answers", lambda path, digits: None)
    base = made()
    swept = Recipe("small", "", base.network, base.training, base.data, sweep={"lr": (1.0, 2.0, 3.0)})
    (row,) = compare([Entry(swept, range(2))], tmp_path, Shelf())
    assert row.recipe.config.lr == 2.0
    assert len(row.runs) == 2
    assert row.mean("validation")[0] == pytest.approx(0.95)
    assert row.grid == [
        {"lr": 1.0, "validation": pytest.approx(0.90), "test": pytest.approx(0.99)},
        {"lr": 2.0, "validation": pytest.approx(0.95), "test": pytest.approx(0.80)},
        {"lr": 3.0, "validation": pytest.approx(0.95), "test": pytest.approx(0.97)},
    ]


def test_a_sweep_of_real_runs(tmp_path: Path) -> None:
    recipe = Recipe(
        "swept",
        network={"name": "softmax"},
        training={"epochs": 1, "optimizer": "adam", "threads": 1},
        data={"name": "digits"},
        sweep={"lr": (1e-6, 0.01)},
    )
    row, plain = compare([Entry(recipe), Entry(recipe.with_settings(epochs=1))], tmp_path, Shelf())
    assert row.recipe.config.lr == 0.01
    assert row.grid[1]["validation"] == row.runs[0].results["validation"]["accuracy"] > row.grid[0]["validation"]
    # The second job sweeps the same rates; nothing was trained for it.
    assert [run.path for run in plain.runs] == [run.path for run in row.runs]
    assert len(list(tmp_path.iterdir())) == 2


def test_rows_of_runs_that_there_are(made: Made, tmp_path: Path) -> None:
    seeds = [trained(made(seed=seed), tmp_path)[0] for seed in range(2)]
    other, _ = trained(made(lr=0.1), tmp_path)
    entries = gathered([seeds[0].path, other.path, seeds[1].path, seeds[0].path])
    assert [entry.runs for entry in entries] == [(seeds[0].path, seeds[1].path), (other.path,)]
    watching = Watching()
    first, second = compare(entries, tmp_path, Shelf(), lambda place, recipe: watching)
    assert watching.runs == 0
    assert watching.known == [run.results["test"]["accuracy"] for run in (*seeds, other)]
    assert [run.path for run in first.runs] == [run.path for run in seeds]
    # Both recipes are called alike; the folder tells them apart.
    assert (first.name, second.name) == ("small", other.path.name)
    for row in (first, second):
        assert row.answers is not None
        assert row.answers.accuracy == pytest.approx(row.runs[0].results["test"]["accuracy"])


def test_a_run_that_is_not_done_is_no_row(made: Made, tmp_path: Path, refused: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(made(), tmp_path, until=1)
    (path,) = (path for path in tmp_path.iterdir() if path.is_dir())
    with refused("run.not_done"):
        gathered([path])
    with refused("run.not_found"):
        gathered([tmp_path])


@pytest.mark.parametrize("missing", ["environment.json", "times.jsonl", "log.jsonl"])
def test_a_run_that_lost_a_file(missing: str, made: Made, tmp_path: Path, refused: Any) -> None:
    run, _ = trained(made(), tmp_path)
    (run.path / missing).unlink()
    with refused("run.incomplete"):
        Run.load(run.path).require_done()


@pytest.mark.parametrize(
    ("name", "key"), [("results.json", "test"), ("results.json", "data"), ("environment.json", "device")]
)
def test_a_run_with_a_hole_in_a_file(name: str, key: str, made: Made, tmp_path: Path, refused: Any) -> None:
    run, _ = trained(made(epochs=1), tmp_path)
    values = json.loads((run.path / name).read_text(encoding="utf-8"))
    del values[key]
    (run.path / name).write_text(json.dumps(values), encoding="utf-8")
    with refused("run.damaged"):
        Run.load(run.path).require_done()


def test_digits_that_are_gone(made: Made, tmp_path: Path, npz: Path) -> None:
    copy = tmp_path / "digits.npz"
    copy.write_bytes(npz.read_bytes())
    run, _ = trained(made(epochs=1).with_data(name=str(copy)), tmp_path / "runs")
    entries = gathered([run.path])
    with np.load(npz) as arrays:
        np.savez(copy, **{**arrays, "y_train": (arrays["y_train"] + 1) % 10})
    watching = Watching()
    (row,) = compare(entries, tmp_path, Shelf(), lambda place, recipe: watching)
    assert row.answers is None
    assert "trained on other digits" in watching.notes[-1]
    copy.unlink()
    (row,) = compare(entries, tmp_path, Shelf(), lambda place, recipe: watching)
    assert row.answers is None
    assert "cannot be had" in watching.notes[-1]
    assert row.mean("test")[0] == run.results["test"]["accuracy"]


def test_digits_are_loaded_once(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = shelf.load_dataset
    monkeypatch.setattr(shelf, "load_dataset", lambda name, **config: loaded.append(name) or load(name, **config))
    monkeypatch.setattr("byhand.training.recipe.load_digits", lambda *_, **__: pytest.fail("loaded by the run itself"))
    base = made(epochs=1)
    compare([Entry(base, range(2)), Entry(base.with_data(split="100/40/30"))], tmp_path, Shelf())
    assert len(loaded) == 1


def test_a_split_that_the_digits_cannot_fill(made: Made) -> None:
    there, large = made().with_data(split="100/40/30"), made().with_data(split="58000/2000/10000")
    books = Shelf()
    assert books.fitted(there) is there
    assert books.of(books.fitted(large)).sizes == books.of(made()).sizes
    with pytest.raises(ByhandError, match="asks for 60,000 training digits"):
        books.of(large)
    with pytest.raises(ByhandError, match="No such file"):
        books.fitted(large.with_data(name="missing.csv"))


def test_rows_know_their_times() -> None:
    logs = [[{"val_accuracy": value} for value in values] for values in ((0.9, 0.95), (0.9495, 0.95))]
    results = {"validation": {"accuracy": 0.95}, "data": {"train": 300}}
    runs = [
        Run(
            "x",
            Recipe("small", network={"name": "softmax"}),
            Path(),
            results,
            entries,
            [{"seconds": s} for s in seconds],
        )
        for entries, seconds in zip(logs, ((1.0, 9.0), (2.0, 4.0)), strict=True)
    ]
    row = Row(Recipe("small", network={"name": "softmax"}), runs)
    assert row.epoch_seconds == 3.0
    assert row.seconds == 8.0
    assert row.clock == [1.5, 8.0]
    # The second run was within a tenth of a point of its end after its first epoch, the first after its second.
    assert [run.final_seconds for run in runs] == [10.0, 2.0]
    assert row.final_seconds == 6.0
    # 300 digits, two epochs: in 10 seconds, and in 6.
    assert row.rate == pytest.approx((60 + 100) / 2)


@pytest.mark.parametrize(("first", "seconds"), [(0.9491, 1.0), (0.9489, 3.0), (0.97, 1.0)])
def test_when_an_accuracy_counts_as_final(first: float, seconds: float) -> None:
    entries = [{"val_accuracy": value} for value in (first, 0.95)]
    run = Run(
        "x",
        Recipe("small", network={"name": "softmax"}),
        Path(),
        {"validation": {"accuracy": 0.95}},
        entries,
        [{"seconds": 1.0}, {"seconds": 2.0}],
    )
    assert run.final_seconds == seconds
