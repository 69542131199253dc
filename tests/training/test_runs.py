"""Runs: their folder, their results, the same bytes from the same seed, and what leaves nothing behind."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import threadpoolctl
from safetensors import SafetensorError

from byhand.data import load_digits
from byhand.errors import ByhandError
from byhand.hands import HANDS, build
from byhand.training import trainer as runs
from byhand.training.callbacks import Callback
from byhand.training.checkpoint import Checkpoint
from byhand.training.folder import append_log, read_log, truncate_log
from byhand.training.loop import score
from byhand.training.recipe import Recipe, load_recipe
from byhand.weights import load_run

SAME = ("recipe.toml", "log.jsonl", "results.json", "checkpoint.safetensors")
Make = Callable[..., Recipe]


def content(file: Path) -> bytes:
    """A file's bytes, without the seconds that the results hold."""
    return re.sub(rb',\n  "seconds": [^\n]*', b"", file.read_bytes())


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("optimizer", ["adam", "cg"])
def test_the_same_seed_gives_the_same_bytes(hand: str, optimizer: str, tmp_path: Path, recipe: Make) -> None:
    asked = recipe(hand=hand, optimizer=optimizer, dropout=0.3 if optimizer == "adam" else 0.0, patience=3)
    first, second = (runs.start(asked, tmp_path / name) for name in "ab")
    for name in SAME:
        assert content(first.path / name) == content(second.path / name), name
    other = runs.start(asked.with_settings(seed=1), tmp_path / "c")
    for name in SAME[1:]:
        assert content(first.path / name) != content(other.path / name), name


def test_the_folder(tmp_path: Path, recipe: Make, npz: Path) -> None:
    asked = recipe(watch_test=True, seed=4)
    run = runs.start(asked, tmp_path)
    assert run.path == tmp_path / "small-fast"
    assert sorted(path.name for path in run.path.iterdir()) == sorted(
        ["recipe.toml", "environment.json", "log.jsonl", "times.jsonl", "checkpoint.safetensors", "results.json"]
    )
    assert load_recipe(run.path / "recipe.toml") == asked
    results = json.loads((run.path / "results.json").read_text())
    assert results == run.results
    assert {key: results[key] for key in ("recipe", "hand", "dtype", "seed", "epochs", "stopped_early")} == {
        "recipe": "small",
        "hand": "fast",
        "dtype": "float32",
        "seed": 4,
        "epochs": 4,
        "stopped_early": False,
    }
    assert results["parameters"] == 784 * 6 + 6 + 6 * 10 + 10
    # 180 digits of the file to train with, in the proportion 5 : 1, and 40 to test.
    assert results["data"] == {
        "name": "drawn",
        "source": str(npz),
        "train": 150,
        "validation": 30,
        "test": 40,
        "split_seed": 0,
    }
    splits = load_digits(npz)
    for part in ("validation", "test"):
        right, loss = score(run.network, getattr(splits, part))
        assert results[part] == {"accuracy": right, "loss": loss}
    assert run.accuracy == results["test"]["accuracy"]
    entries = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert entries == run.log
    assert entries[-1]["test_accuracy"] == run.accuracy
    assert [entry["step"] for entry in entries] == [3, 6, 9, 12]
    assert run.seconds == pytest.approx(sum(entry["seconds"] for entry in run.times))
    assert run.seconds > 0
    environment = json.loads((run.path / "environment.json").read_text())
    assert environment["device"] == "cpu"
    assert environment["threads"] == 1
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["linear_algebra"]


@pytest.mark.parametrize("hand", HANDS)
def test_loaded_in_any_hand(hand: str, tmp_path: Path, recipe: Make, npz: Path) -> None:
    run = runs.start(recipe(), tmp_path)
    images = load_digits(npz).test.images
    loaded = load_run(run.path, hand=hand)
    assert loaded.network.hand == hand
    assert loaded.network.logits(images) == pytest.approx(run.network.logits(images), rel=1e-5, abs=1e-5)
    assert (loaded.results, loaded.log, loaded.times) == (run.results, run.log, run.times)
    assert np.array_equal(load_run(str(run.path)).network.logits(images), run.network.logits(images))


def test_patience_gives_the_best_back(tmp_path: Path, recipe: Make) -> None:
    run = runs.start(recipe(lr=1.0, epochs=40, patience=3), tmp_path)
    losses = [entry["val_loss"] for entry in run.log]
    best = losses.index(min(losses))
    assert run.results["stopped_early"]
    assert len(losses) == best + 4 < 40
    assert run.results["validation"]["loss"] == losses[best] != losses[-1]
    last = runs.start(recipe(lr=1.0, epochs=len(losses), patience=3), tmp_path / "last")
    assert (len(last.log), last.results["stopped_early"]) == (len(losses), False)
    short = runs.start(recipe(lr=1.0, epochs=best + 1), tmp_path / "short")
    for name, value in short.network.parameters().items():
        assert np.array_equal(run.network.parameters()[name], value)
    assert np.array_equal(load_run(run.path).network.parameters()["W1"], run.network.parameters()["W1"])


def test_patience_of_a_full_batch_method(tmp_path: Path, recipe: Make) -> None:
    run = runs.start(recipe(optimizer="lbfgs", epochs=60, patience=2, dropout=0.0), tmp_path)
    losses = [entry["val_loss"] for entry in run.log]
    assert len(losses) < 60
    assert run.results["validation"]["loss"] == min(losses)


def test_names(tmp_path: Path, recipe: Make, refused: Any) -> None:
    quick = recipe(epochs=1)
    assert [runs.start(quick, tmp_path).path.name for _ in range(3)] == ["small-fast", "small-fast-2", "small-fast-3"]
    assert runs.start(quick, tmp_path, "mine").path.name == "mine"
    before = {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
    with refused("run.exists"):
        runs.start(quick, tmp_path, "mine")
    assert {path: path.read_bytes() for path in (tmp_path / "mine").iterdir()} == before


def test_folders_that_cannot_be_made(tmp_path: Path, recipe: Make, refused: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for folder in ("file", "dangling"):
        for name in (None, "mine"):
            with refused("run.not_writable"):
                runs.start(recipe(), tmp_path / folder, name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file"]


@pytest.mark.parametrize(
    "settings", [{"hand": "torch", "device": "nowhere"}, {"device": "cuda"}, {"hidden": [0]}, {"pixels": [999]}]
)
def test_what_cannot_begin_leaves_nothing(settings: dict[str, object], tmp_path: Path, recipe: Make) -> None:
    with pytest.raises(ByhandError):
        runs.start(recipe().with_settings(**settings), tmp_path / "runs")
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["results.json", "environment.json", "log.jsonl", "recipe.toml"])
def test_brackets_without_end(
    name: str, tmp_path: Path, recipe: Make, refused: Callable[[str], AbstractContextManager[Any]]
) -> None:
    run = runs.start(recipe(epochs=1), tmp_path)
    (run.folder / name).write_text("a = " * (name == "recipe.toml") + "[" * 200_000 + "\n", encoding="utf-8")
    with refused("recipe.invalid_toml" if name == "recipe.toml" else "run.damaged"):
        load_run(run.folder)


def test_what_a_kill_left_beside(tmp_path: Path, recipe: Make) -> None:
    old, new = tmp_path / ".run-old", tmp_path / ".run-new"
    for left in (old, new):
        left.mkdir()
        (left / ".recipe-x.toml").touch()
    os.utime(old, (0, 0))
    runs.start(recipe(epochs=1), tmp_path, "mine")
    # Another process may be about to rename the new one.
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run-new", "mine"]


def test_a_method_that_stops_by_itself(tmp_path: Path, recipe: Make) -> None:
    notes: list[str] = []
    callback = Callback()
    callback.note = notes.append  # type: ignore[method-assign]
    settings = {"optimizer": "lbfgs", "epochs": 500, "dropout": 0.0, "l2": 100.0, "decay_biases": True}
    run = runs.start(recipe(**settings), tmp_path, callback=callback)
    assert 1 <= run.results["epochs"] < 500
    assert not run.results["stopped_early"]
    assert run.results["stopped"] in notes[-1]
    assert "stopped" not in runs.start(recipe(optimizer="lbfgs", epochs=2, dropout=0.0), tmp_path).results


@pytest.mark.parametrize("name", ["log.jsonl", "checkpoint.safetensors"])
def test_a_full_disk(name: str, tmp_path: Path, recipe: Make, monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    if name == "log.jsonl":
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / name).symlink_to("/dev/full")
        with refused("run.not_writable"):
            append_log(tmp_path / "mine" / name, {"epoch": 0})
        return
    monkeypatch.setattr("byhand.training.checkpoint.save_file", full)
    with refused("run.not_writable"):
        runs.start(recipe(), tmp_path, "mine")


def test_threads_are_set_before_the_network_is_drawn(
    tmp_path: Path, recipe: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orthogonal weights come from products, whose bits depend on the threads."""
    seen: list[set[int]] = []

    def watched(*arguments: Any, **options: Any) -> Any:
        seen.append({pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"})
        return build(*arguments, **options)

    monkeypatch.setattr(runs, "build", watched)
    with threadpoolctl.threadpool_limits(2):
        runs.start(recipe(epochs=1, threads=1).with_settings(init="orthogonal"), tmp_path)
    assert seen == [{1}]


def test_a_run_that_is_not_done(tmp_path: Path, recipe: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "write_json", lambda path, value: stop() if path.name == "results.json" else None)
    with pytest.raises(KeyboardInterrupt):
        runs.start(recipe(), tmp_path)
    run = load_run(tmp_path / "small-fast")
    assert run.results == {}
    assert math.isnan(run.accuracy)
    assert len(run.log) == 4


def test_checkpoints_are_not_written_all_the_time(
    tmp_path: Path, recipe: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    save = Checkpoint.save
    monkeypatch.setattr(Checkpoint, "save", lambda self, path: (saved.append(self.epochs), save(self, path))[0])
    monkeypatch.setattr(runs, "SAVE_EVERY", math.inf)
    runs.start(recipe(), tmp_path)
    assert saved == [4]
    monkeypatch.setattr(runs, "SAVE_EVERY", -1.0)
    runs.start(recipe(), tmp_path)
    assert saved == [4, 1, 2, 3, 4, 4]


def test_logs(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert read_log(path) == []
    entries = [{"epoch": epoch, "loss": 0.1 + epoch / 3} for epoch in range(4)]
    for entry in entries:
        append_log(path, entry)
    whole = path.read_bytes()
    assert read_log(path) == entries
    for torn in (1, 5, len(whole.splitlines()[-1])):
        path.write_bytes(whole[:-torn])
        assert read_log(path) == entries[:3]
    assert truncate_log(path, 2) == entries[:2]
    assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:2])
    assert truncate_log(path, 9) == entries[:2]
    assert truncate_log(tmp_path / "new.jsonl", 0) == []
