"""Comparisons train nothing twice, go on where they were interrupted, and choose on the validation split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand.errors import ByhandError
from byhand.hands import Network
from byhand.measure import comparison
from byhand.measure.comparison import Done, Row, compare, run_of
from byhand.training.display import Display
from byhand.training.recipe import Recipe

Made = Callable[..., Recipe]


class Watching(Display):
    """Counts the runs and epochs that are trained, and breaks off where it is told to."""

    def __init__(self, until: int = -1) -> None:
        self.runs, self.epochs, self.until = 0, list[int](), until

    def begin(self, network: Network, splits: Any, accuracy: float, epochs: int) -> None:
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
        usual = Recipe("small", "", {"name": "mlp", "hidden": [6]}, training, {"name": str(npz)})
        return usual.having(**settings)

    return recipe


def trained(recipe: Recipe, folder: Path, until: int = -1) -> tuple[Done, Watching]:
    watching = Watching(until)
    return run_of(recipe, folder, told=lambda _: watching), watching


def contents(path: Path) -> dict[str, bytes]:
    """Files that hold no time of day."""
    return {name: (path / name).read_bytes() for name in ("log.jsonl", "results.json", "checkpoint.safetensors")}


def test_a_finished_run_is_used_again(made: Made, tmp_path: Path) -> None:
    first, watched = trained(made(), tmp_path)
    assert (watched.runs, watched.epochs) == (1, [0, 1, 2])
    assert first.path.name.startswith("small-numpy-seed0-")
    assert [entry["epoch"] for entry in first.log] == [0, 1, 2]
    assert len(first.epoch_seconds) == 3
    again, watched = trained(made(), tmp_path)
    assert watched.runs == 0
    assert again == first


def test_an_interrupted_run_goes_on(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byhand.training.job.SAVE_EVERY", -1.0)
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
        base.having(lr=0.1),
        base.having(hidden=[7]),
        base.having(seed=1),
        base.having(hand="tensor"),
        base.on(split="100/40/30"),
        base.on(split_seed=1),
    ]
    paths = {trained(recipe, tmp_path)[0].path for recipe in (base, *others)}
    assert len(paths) == 1 + len(others)
    # What a recipe says about itself and about others changes no run.
    told = Recipe("small", "Words.", base.network, base.training, base.data, project={"states": "90 %"})
    assert trained(told, tmp_path)[1].runs == 0


def test_other_digits_in_the_same_file_are_noticed(made: Made, tmp_path: Path, npz: Path) -> None:
    copy = tmp_path / "digits.npz"
    copy.write_bytes(npz.read_bytes())
    recipe = made(epochs=1).on(name=str(copy))
    trained(recipe, tmp_path / "runs")
    with np.load(npz) as arrays:
        np.savez(copy, **{**arrays, "y_train": (arrays["y_train"] + 1) % 10})
    with pytest.raises(ByhandError, match=r"was trained on other digits than digits .* now gives; .*--runs"):
        trained(recipe, tmp_path / "runs")


def fabricated(**accuracies: tuple[float, float]) -> Callable[..., Done]:
    """In place of `run_of`: runs whose validation and test accuracy follow from the recipe's learning rate."""

    def run(recipe: Recipe, *_: Any) -> Done:
        validation, test = accuracies[f"lr{recipe.how.lr:g}"]
        # Seeds differ a little, in opposite directions.
        wobble = 0.001 * (-1) ** recipe.how.seed
        results = {"validation": {"accuracy": validation + wobble}, "test": {"accuracy": test}}
        return Done(Path(), results, [], [], {})

    return run


def test_a_sweep_is_decided_on_validation(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The second is best on validation and worst on test; the third is its equal and comes later.
    known = fabricated(lr1=(0.90, 0.99), lr2=(0.95, 0.80), lr3=(0.95, 0.97))
    monkeypatch.setattr(comparison, "run_of", known)
    base = made()
    swept = Recipe("small", "", base.network, base.training, base.data, sweep={"lr": (1.0, 2.0, 3.0)})
    (row,) = compare([(swept, range(2))], tmp_path)
    assert row.recipe.how.lr == 2.0
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
    row, plain = compare([(recipe, [0]), (recipe.having(epochs=1), [0])], tmp_path)
    assert row.recipe.how.lr == 0.01
    assert row.grid[1]["validation"] == row.runs[0].results["validation"]["accuracy"] > row.grid[0]["validation"]
    # The second job sweeps the same rates; nothing was trained for it.
    assert plain.runs == row.runs
    assert len(list(tmp_path.iterdir())) == 2


def test_rows_know_their_times() -> None:
    runs = [Done(Path(), {}, [], [{"seconds": s} for s in seconds], {}) for seconds in ((1.0, 9.0), (2.0, 4.0))]
    row = Row(Recipe("small", network={"name": "softmax"}), runs)
    assert row.epoch_seconds == 3.0
    assert row.seconds == 8.0
