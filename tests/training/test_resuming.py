"""A run that is killed at any moment and resumed ends with the same bytes as one that was not."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from byhand.cli import main
from byhand.errors import ByhandError
from byhand.training import trainer as runs
from byhand.training.callbacks import Callback
from byhand.training.checkpoint import Checkpoint
from byhand.training.folder import is_locked, locked
from byhand.training.recipe import Recipe
from byhand.weights import load_run

SAME = ("recipe.toml", "log.jsonl", "results.json", "checkpoint.safetensors")
"""Files that hold no time of day."""


def content(file: Path) -> bytes:
    """A file's bytes, without the seconds that the results hold."""
    return re.sub(rb',\n  "seconds": [^\n]*', b"", file.read_bytes())


# Runs in a child process. Heavy modules are imported once; every run then is a fork of its own and kills itself at a
# given point: no finally, no atexit, no flush.
CHILD = '''
import json, os, signal, sys
from pathlib import Path
from byhand import io as files
from byhand.training import checkpoint, folder
from byhand.training import trainer as runs
from byhand.training.recipe import load_recipe
import byhand.hands.by_fast.network
if sys.argv[1] != "fast":
    import torch
    import byhand.hands.by_tensor.network, byhand.hands.by_torch.network, byhand.training.torch_optimizers
    import torch._dynamo  # which torch.optim imports at its first step, for seconds
    torch.set_num_threads(1)

runs.SAVE_EVERY = -1.0

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def arm(point, times):
    """Let the process die when it comes to that point for the n-th time."""
    left = [times]
    def passing(function, before):
        def wrapped(*arguments, **options):
            left[0] -= 1
            if left[0] == 0 and before:
                die()
            value = function(*arguments, **options)
            if left[0] == 0:
                die()
            return value
        return wrapped
    if point == "step":
        runs.optimizer = (lambda make: lambda *a: armed(make(*a)))(runs.optimizer)
        def armed(made):
            made.step = passing(made.step, False)
            return made
    elif point in ("before recipe", "after recipe"):
        folder.write_text = passing(folder.write_text, point.startswith("before"))
    elif point in ("before folder", "after folder"):
        folder._rename = passing(folder._rename, point.startswith("before"))
    elif point in ("before log", "after log"):
        append = passing(folder.append_log, point.startswith("before"))
        usual = folder.append_log
        folder.append_log = lambda path, entry: (append if path.name == folder.LOG else usual)(path, entry)
    elif point == "torn log":
        def torn(path, entry, usual=folder.append_log):
            if path.name == folder.LOG:
                left[0] -= 1
            if left[0] == 0:
                with path.open("a") as file:
                    file.write(json.dumps(entry)[:20])
                die()
            usual(path, entry)
        folder.append_log = torn
    elif point == "after times":
        append, usual = passing(folder.append_log, False), folder.append_log
        folder.append_log = lambda path, entry: (append if path.name == folder.TIMES else usual)(path, entry)
    elif point == "half a checkpoint":
        def half(arrays, path, metadata=None, usual=checkpoint.save_file):
            usual(arrays, path, metadata)
            left[0] -= 1
            if left[0] == 0:
                os.truncate(path, os.path.getsize(path) // 2)
                die()
        checkpoint.save_file = half
    elif point in ("before checkpoint", "after checkpoint"):
        checkpoint.Checkpoint.save = passing(checkpoint.Checkpoint.save, point.startswith("before"))
    elif point == "before results":
        write = runs.write_json
        runs.write_json = lambda path, value: die() if path.name == folder.RESULTS else write(path, value)
    elif point == "half the results":
        def half_text(path, text, usual=files.write_text):
            if path.name == folder.RESULTS:
                with files.replacing(path) as beside:
                    beside.write_text(text[:30])
                    die()
            usual(path, text)
        files.write_text = half_text
    elif point == "after results":
        write = runs.write_json
        runs.write_json = lambda path, value: (write(path, value), path.name == folder.RESULTS and die())
    else:
        raise ValueError(point)

def forked(work):
    process = os.fork()
    if not process:
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(process, 0)[1]

for task in json.load(sys.stdin):
    recipe, folder_of_runs = load_recipe(task["recipe"]), Path(task["folder"])
    assert forked(lambda: runs.start(recipe, folder_of_runs, "whole")) == 0
    def go_on(name):
        # Whatever is there is a run; where nothing is, nothing is in the way.
        path = folder_of_runs / name
        runs.resume(path) if path.exists() else runs.start(recipe, folder_of_runs, name)
    for number, kills in enumerate(task["kills"]):
        name = f"killed{number}"
        for place, (point, times) in enumerate(kills):
            def work():
                arm(point, times)
                go_on(name) if place else runs.start(recipe, folder_of_runs, name)
            died = forked(work)
            assert os.WIFSIGNALED(died) and os.WTERMSIG(died) == signal.SIGKILL, (task, kills, place, died)
        assert forked(lambda: go_on(name)) == 0, (task, kills)
'''

BIRTH: tuple[list[tuple[str, int]], ...] = (
    [("before recipe", 1)],
    [("after recipe", 1)],
    [("before folder", 1), ("before recipe", 1), ("before folder", 1)],
    [("after folder", 1)],
)
POINTS: tuple[list[tuple[str, int]], ...] = (
    [("step", 2)],  # in the first epoch, before anything is written
    [("before log", 1)],
    [("after log", 1)],  # before the first checkpoint
    [("after log", 3)],  # between the log and the checkpoint
    [("torn log", 3)],
    [("after times", 2)],
    [("half a checkpoint", 1)],
    [("half a checkpoint", 3)],
    [("before checkpoint", 2)],
    [("after checkpoint", 2), ("step", 3)],
    [("after checkpoint", 5)],  # the last, which holds the final weights
    [("before results", 1), ("before results", 1)],
    [("half the results", 1)],
    [("after results", 1)],
    [("step", 6), ("after log", 1), ("half a checkpoint", 2), ("torn log", 1), ("before checkpoint", 1), ("step", 1)],
)
FEW = (POINTS[3], POINTS[7], POINTS[10], POINTS[-1])
PER_STEP = {"schedule": "one-cycle", "shuffle": True, "epochs": 4}


def forks(hand: str, tmp_path: Path, jobs: list[tuple[Recipe, tuple[Any, ...]]]) -> list[Path]:
    tasks, folders = [], []
    for number, (recipe, kills) in enumerate(jobs):
        file, folder = tmp_path / f"{number}.toml", tmp_path / f"runs{number}"
        file.write_text(recipe.with_settings(hand=hand).to_toml(), encoding="utf-8")
        tasks.append({"recipe": str(file), "folder": str(folder), "kills": kills})
        folders.append(folder)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, hand], input=json.dumps(tasks), capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    return folders


def same(folder: Path, runs_of_it: int) -> None:
    whole = folder / "whole"
    for number in range(runs_of_it):
        killed = folder / f"killed{number}"
        for name in SAME:
            assert content(killed / name) == content(whole / name), f"{killed}: {name}"
        assert sorted(path.name for path in killed.iterdir()) == sorted(path.name for path in whole.iterdir())
        times = (killed / "times.jsonl").read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in times] == list(range(len(times)))
        assert len(times) == len((whole / "log.jsonl").read_text().splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("hand", ["fast", "tensor", "torch"])
def test_killed_at_every_point(hand: str, tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    jobs = [
        (recipe(optimizer="momentum", **PER_STEP, clip=1.0, l2=0.001), POINTS if hand == "fast" else FEW),
        (recipe(optimizer="adam", **PER_STEP), FEW[2:]),
        (recipe(optimizer="nesterov", **PER_STEP, batch_size=0), ([("after checkpoint", 2), ("step", 2)],)),
        (recipe(optimizer="rmsprop", **PER_STEP, lr=0.001), (POINTS[9],)),
        (recipe(optimizer="adamw", **PER_STEP, l2=0.01, lr=0.01), (POINTS[9],)),
        (recipe(optimizer="sgd", schedule="cosine", watch_test=True), (POINTS[9],)),
    ]
    for (_, kills), folder in zip(jobs, forks(hand, tmp_path, jobs), strict=True):
        same(folder, len(kills))


@pytest.mark.slow
@pytest.mark.parametrize("hand", ["fast", "torch"])
def test_killed_with_patience(hand: str, tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    # So large a rate that the loss soon rises: the run stops early and goes back to its best.
    stopping = recipe(optimizer="momentum", epochs=30, lr=1.0, patience=3)
    kills = POINTS[2:] if hand == "fast" else FEW
    (folder,) = forks(hand, tmp_path, [(stopping, kills)])
    results = json.loads((folder / "whole" / "results.json").read_text())
    assert results["stopped_early"]
    assert 4 <= results["epochs"] < 30
    same(folder, len(kills))


def test_killed_while_the_folder_is_made(tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    (folder,) = forks("fast", tmp_path, [(recipe(epochs=2), BIRTH)])
    same(folder, len(BIRTH))


@pytest.mark.parametrize("optimizer", ["cg", "lbfgs"])
def test_full_batch_methods_begin_anew(optimizer: str, tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    points = ([("after log", 2)], [("torn log", 2)], [("half a checkpoint", 1)], [("after checkpoint", 1)])
    whole = recipe(optimizer=optimizer, epochs=4, dropout=0.0, dtype="float64", l2=0.001)
    (folder,) = forks("fast", tmp_path, [(whole, (*points, [("before results", 1)]))])
    same(folder, 5)


COMMAND = (
    "import sys; from byhand.training import trainer; trainer.SAVE_EVERY = 0.0\n"
    "from byhand.cli import main; sys.exit(main(sys.argv[1:]))"
)


@pytest.mark.slow
@pytest.mark.parametrize("hand", ["fast", "torch"])
def test_the_command_killed_from_outside(hand: str, tmp_path: Path, npz: Path) -> None:
    epochs = "150" if hand == "fast" else "60"
    words = ["--hand", hand, "--data", str(npz), "-ep", epochs, "-bs", "8", "-hid_dim", "6", "--dropout", "0.2"]
    words += ["--schedule", "one-cycle", "-optim", "momentum", "-lr", "0.02", "--threads", "1", "--seed", "5"]

    def byhand(*more: str) -> subprocess.Popen[bytes]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, "-c", COMMAND, "train", *more], cwd=tmp_path, **quiet)

    assert byhand("mlp", *words, "--name", "whole").wait() == 0
    killed, kills = tmp_path / "runs" / "killed", 0
    rng = np.random.default_rng()
    child = byhand("mlp", *words, "--name", "killed")
    # Every start of the torch hand takes seconds.
    for _ in range(3 if hand == "fast" else 1):
        log = killed / "log.jsonl"
        seen = log.stat().st_size if log.exists() else 0
        # Wait for the log to grow, and then for as long as chance will have it.
        while child.poll() is None and not (log.exists() and log.stat().st_size > seen):
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        child = byhand("--resume", str(killed))
    assert child.wait() == 0
    assert kills >= 1
    for name in SAME:
        assert content(killed / name) == content(tmp_path / "runs" / "whole" / name), name


# What cannot be resumed.


@pytest.fixture
def stopped(tmp_path: Path, recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was interrupted after its second checkpoint."""
    monkeypatch.setattr(runs, "SAVE_EVERY", -1.0)
    save, left = Checkpoint.save, [2]

    def saving(self: Checkpoint, path: Path) -> None:
        save(self, path)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", saving)
        with pytest.raises(KeyboardInterrupt):
            runs.start(recipe(), tmp_path, "stopped")
    return tmp_path / "stopped"


def refusal(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The code of the one message, after which the folder is as it was."""
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    assert main(["train", "--resume", str(path)]) == 2
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("byhand: computing on")]
    return line.rpartition("[")[2].rstrip("]")


def test_resumed_in_place(stopped: Path, tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    whole = runs.start(recipe(), tmp_path, "whole")
    assert [entry["epoch"] for entry in load_run(stopped).log] == [0, 1]
    done = runs.resume(stopped)
    assert [entry["epoch"] for entry in done.log] == [0, 1, 2, 3]
    for name in SAME:
        assert content(stopped / name) == content(whole.path / name)


def test_other_digits(
    stopped: Path, npz: Path, capsys: pytest.CaptureFixture[str], pictures: Callable[..., Any]
) -> None:
    text = (stopped / "recipe.toml").read_text()
    other = stopped.parent / "other.npz"
    (x, y), (x_test, y_test) = pictures(180), pictures(40, seed=1)
    x[17, 3, 3] ^= 1
    np.savez(other, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    (stopped / "recipe.toml").write_text(text.replace(str(npz), str(other)))
    assert refusal(stopped, capsys) == "run.other_digits"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"momentum"', '"adam"'),
        ("6,", "7,"),
        ("dropout = 0.2", "dropout = 0.3"),
        ("[training]", '[training]\nhand = "torch"'),
        ("[training]", "[training]\nseed = 3"),
        ("[training]", '[training]\ndtype = "float64"'),
        ("lr = 0.05", "lr = 0.04"),
        ("batch_size = 50", "batch_size = 40"),
        ("[training]", '[training]\nschedule = "cosine"'),
    ],
)
def test_another_recipe(old: str, new: str, stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (stopped / "recipe.toml").read_text()
    assert old in text
    (stopped / "recipe.toml").write_text(text.replace(old, new))
    assert refusal(stopped, capsys) == "run.other_recipe"


def test_checkpoints_of_before(stopped: Path) -> None:
    """Those that do not say with what settings they were trained are believed."""
    path = stopped / "checkpoint.safetensors"
    saved = Checkpoint.load(path)
    assert saved.facts["training"]["lr"] == 0.05
    assert not set(saved.facts["training"]) & {"epochs", "patience", "watch_test", "threads", "device"}
    facts = {name: value for name, value in saved.facts.items() if name != "training"}
    dataclasses.replace(saved, facts=facts).save(path)
    (stopped / "environment.json").unlink()
    assert len(runs.resume(stopped).log) == 4


def test_threads_and_device_are_kept(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, environment = stopped / "recipe.toml", stopped / "environment.json"
    recipe.write_text(recipe.read_text().replace("threads = 1\n", ""))
    began = json.loads(environment.read_text())
    assert began["threads"] == 1
    environment.write_text(json.dumps(began | {"device": "cuda:7"}))
    assert refusal(stopped, capsys) == "run.other_device"
    environment.write_text(json.dumps(began | {"source": "downloaded from afar"}))
    asked: list[int] = []
    monkeypatch.setattr(runs, "set_threads", lambda count: asked.append(count) or count)
    done = runs.resume(stopped)
    assert set(asked) == {1}
    assert done.results["data"]["source"] == "downloaded from afar"
    assert done.environment == json.loads(environment.read_text())


def test_one_process_at_a_time(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(stopped):
        code = subprocess.run(
            [sys.executable, "-m", "byhand", "train", "--resume", str(stopped)], capture_output=True, text=True
        )
        assert code.returncode == 2
        assert code.stderr.endswith("[run.busy]\n")
    assert not (stopped / ".lock").exists()
    # A kill leaves the lock's file, which nobody holds.
    (stopped / ".lock").touch()
    assert len(runs.resume(stopped).log) == 4
    assert not (stopped / ".lock").exists()


def test_asking_whether_a_run_is_running_disturbs_nobody(stopped: Path) -> None:
    """Defect: whoever asked took the lock, and a resume in that instant failed."""
    assert load_run(stopped).status == "interrupted"
    (stopped / ".lock").touch()
    done, answers = threading.Event(), set[bool]()

    def ask() -> None:
        while not done.is_set():
            answers.add(is_locked(stopped))

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        for _ in range(50):
            with locked(stopped):
                time.sleep(0.001)
            (stopped / ".lock").touch()
        done.set()
    assert [future.result() for future in asking] == [None, None]
    assert answers == {True, False}
    with locked(stopped):
        assert load_run(stopped).status == "running"
    assert runs.resume(stopped).status == load_run(stopped).status == "done"


def test_files_of_others_stay(stopped: Path) -> None:
    for name in (".my-notes", ".log-0123456789abcdef.jsonl", ".checkpoint-0123456789abcdef.safetensors", ".tmpBzr4aE"):
        (stopped / name).touch()
    for name, age in ((".report-0123456789abcdef.html", 3600), (".report-fedcba9876543210.html", 0)):
        (stopped / name).touch()
        os.utime(stopped / name, (time.time() - age,) * 2)
    runs.resume(stopped)
    # The newer report may be written by another process just now.
    assert sorted(path.name for path in stopped.glob(".*")) == [".my-notes", ".report-fedcba9876543210.html"]


@pytest.mark.parametrize(("before", "after"), [(3, 0), (0, 3), (5, 2)])
def test_patience_changed_before_a_resume(
    before: int, after: int, tmp_path: Path, recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: 3 to 0 discarded all later epochs, and 0 to 3 kept the last weights while it said it kept the best."""
    monkeypatch.setattr(runs, "SAVE_EVERY", -1.0)
    # So large a rate that the validation loss soon rises.
    settings = {"lr": 1.0, "epochs": 9}

    class Stop(Callback):
        def epoch(self, entry: dict[str, Any], seconds: float) -> None:
            if entry["epoch"] == stop:
                raise KeyboardInterrupt

    losses = [entry["val_loss"] for entry in runs.start(recipe(**settings), tmp_path, "whole").log]
    best = losses.index(min(losses))
    # The epoch after the best one is saved by the time the next one ends.
    stop = best + 2
    with pytest.raises(KeyboardInterrupt):
        runs.start(recipe(**settings, patience=before), tmp_path, "x", callback=Stop())
    text = (tmp_path / "x" / "recipe.toml").read_text()
    patience = f"patience = {before}"
    assert patience in text
    (tmp_path / "x" / "recipe.toml").write_text(text.replace(patience, f"patience = {after}"))
    run = runs.resume(tmp_path / "x")
    if after == 0:
        assert (len(run.log), run.results["stopped_early"]) == (9, False)
        assert run.results["validation"]["loss"] == losses[-1]
    elif before == 0:
        # The weights of the best epoch are gone: the best since then are kept.
        seen = losses[stop + 1 : len(run.log)]
        assert len(seen) >= 3
        assert run.results["validation"]["loss"] == min(seen)
    else:
        assert len(run.log) == stop + 1
        assert run.results["validation"]["loss"] == losses[best]


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_more_epochs_change_a_schedule_over_the_run(
    schedule: str, tmp_path: Path, recipe: Callable[..., Recipe], refused: Any
) -> None:
    path = runs.start(recipe(schedule=schedule), tmp_path, "x").path
    (path / "results.json").unlink()
    text = (path / "recipe.toml").read_text()
    (path / "recipe.toml").write_text(text.replace("epochs = 4", "epochs = 6"))
    with refused("run.other_recipe"):
        runs.resume(path)


def test_more_epochs_are_welcome(stopped: Path) -> None:
    text = (stopped / "recipe.toml").read_text()
    (stopped / "recipe.toml").write_text(text.replace("epochs = 4", "epochs = 6"))
    assert len(runs.resume(stopped).log) == 6


def test_layers_inside_of_layers_are_resumed(tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    """Their parameters, running averages and dropout: the same bytes as without a pause."""
    inner = [{"kind": "Dropout", "rate": 0.3}, {"kind": "BatchNorm1d"}]
    branch = [{"kind": "Linear", "units": 6}, {"kind": "BatchNorm1d"}, {"kind": "Residual", "layers": inner}]
    below = [{"kind": "Standardize"}, {"kind": "Flatten"}, {"kind": "Linear", "units": 6}]
    layers = [*below, {"kind": "Residual", "layers": branch}, {"kind": "Linear", "units": 10}]
    nested = dataclasses.replace(recipe(epochs=2), network={"layers": layers})
    whole = runs.start(nested, tmp_path, "whole").path
    paused = runs.start(dataclasses.replace(nested, training=nested.training | {"epochs": 1}), tmp_path, "paused").path
    (paused / "results.json").unlink()
    text = (paused / "recipe.toml").read_text()
    (paused / "recipe.toml").write_text(text.replace("epochs = 1", "epochs = 2"))
    assert len(runs.resume(paused).log) == len(load_run(whole).log)
    assert (paused / "checkpoint.safetensors").read_bytes() == (whole / "checkpoint.safetensors").read_bytes()


def test_a_checkpoint_cut_short_anywhere(stopped: Path, refused: Any) -> None:
    path = stopped / "checkpoint.safetensors"
    content = path.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    for length in (0, 4, 8, 20, header - 1, header, header + 4, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with refused("checkpoint.damaged"):
            runs.resume(stopped)


def test_a_damaged_header_is_refused_or_harmless(stopped: Path) -> None:
    """One byte after the other of the header is written over: a sentence, or the checkpoint that it was."""
    path = stopped / "checkpoint.safetensors"
    content = path.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    refusals = 0
    for place in range(0, header, 5):
        for byte in (0, ord("9"), ord('"'), 0xFF):
            path.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
            try:
                Checkpoint.load(path)
            except ByhandError:
                refusals += 1
    assert refusals > header / 6


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("results.json", content) for content in ("", "{", "[1]", "null", "\xff", "{}", '{"epochs": 2}')),
        ("times.jsonl", '{"epoch": 0}\n{"epoch": 1}\n'),
        ("log.jsonl", "{]\n[1, 2]\n"),
        ("log.jsonl", '{"epoch": 0}\n'),  # one of two epochs
        ("environment.json", '{"threads": "1"}'),
    ],
)
def test_damaged_files(
    name: str, content: str, stopped: Path, capsys: pytest.CaptureFixture[str], refused: Any
) -> None:
    (stopped / name).write_text(content, encoding="latin-1")
    assert refusal(stopped, capsys) == "run.damaged"
    # Every command reads them in one way.
    if name in ("results.json", "times.jsonl"):
        with refused("run.damaged"):
            load_run(stopped)


def test_a_run_that_cannot_be_trained_longer_stays_done(
    tmp_path: Path, recipe: Callable[..., Recipe], refused: Any
) -> None:
    """Defect: its results were removed before its digits were found missing."""
    splits = recipe().load_splits()
    arrays = dataclasses.replace(recipe(epochs=1), data={"name": "arrays"})
    run = runs.start(arrays, tmp_path, "arrays", splits=splits)
    before = {name: (run.folder / name).read_bytes() for name in ("results.json", "recipe.toml", "log.jsonl")}
    with refused("data.not_stored"):
        runs.resume(run.folder, epochs=2)
    others = dataclasses.replace(splits, train=splits.validation)
    with refused("run.other_digits"):
        runs.resume(run.folder, epochs=2, splits=others)
    assert before == {name: (run.folder / name).read_bytes() for name in before}
    assert len(runs.resume(run.folder, epochs=2, splits=splits).log) == 2


def test_a_run_with_patience_is_trained_longer_if_it_kept_its_last_weights(
    tmp_path: Path, recipe: Callable[..., Recipe], refused: Any
) -> None:
    best_last = runs.start(recipe(epochs=1, patience=1), tmp_path, "a").folder
    assert len(runs.resume(best_last, epochs=2).log) == 2
    ended = runs.start(recipe(epochs=30, patience=1, lr=0.5), tmp_path, "b")
    assert ended.results["stopped_early"]
    with refused("run.fixed_length"):
        runs.resume(ended.folder, epochs=60)
    assert load_run(ended.folder).status == "done"


@pytest.mark.parametrize(
    "header", [None, "[]", "{}", '{"spec": [], "epochs": 1, "facts": {}}', '{"spec": {"layers": 3}}', "nan", "{"]
)
def test_headers_of_something_else(header: str | None, tmp_path: Path, refused: Any) -> None:
    metadata = None if header is None else {"byhand": header}
    save_file({"W": np.zeros(3)}, tmp_path / "x.safetensors", metadata=metadata)
    with refused("checkpoint.damaged"):
        Checkpoint.load(tmp_path / "x.safetensors")


def test_a_run_without_a_checkpoint(stopped: Path, refused: Any) -> None:
    (stopped / "checkpoint.safetensors").unlink()
    with refused("checkpoint.not_found"):
        _ = load_run(stopped).network
    assert len(runs.resume(stopped).log) == 4


def test_a_run_that_is_done(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs.resume(stopped)
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in stopped.iterdir()}
    assert main(["train", "--resume", str(stopped)]) == 0
    assert "is done; nothing is left to train" in capsys.readouterr().err
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in stopped.iterdir()} == before


def test_a_textbook_run_never_continues_in_the_fast_hand(
    tmp_path: Path, recipe: Callable[..., Recipe], refused: Any
) -> None:
    run = runs.start(recipe(hand="numpy", epochs=1), tmp_path)
    (run.folder / "results.json").unlink()
    file = run.folder / "recipe.toml"
    file.write_text(file.read_text().replace('hand = "numpy"', 'hand = "fast"'))
    with refused("run.other_recipe"):
        runs.resume(run.folder)


OLD = Path(__file__).parent / "old_runs"
"""Runs of a version whose only NumPy hand, and default, was today's ``fast``, named ``numpy``."""


def test_old_runs_load_and_resume(tmp_path: Path) -> None:
    shutil.copytree(OLD, tmp_path / "old")
    done = load_run(tmp_path / "old/done")
    assert (done.status, done.hand, done.network.hand, done.require_done()) == ("done", "numpy", "numpy", done)
    test = done.splits().test
    right = (done.network.logits(test.images).argmax(axis=1) == test.labelled()).mean()
    assert right == pytest.approx(done.accuracy, abs=0.005)
    # It names no hand, so it resumes in the default one; both runs have the same recipe but for that.
    rest = runs.resume(tmp_path / "old/interrupted")
    assert rest.log[:2] == done.log[:2]
    assert [entry["train_loss"] for entry in rest.log] == pytest.approx([e["train_loss"] for e in done.log], rel=1e-4)
    # One that says numpy resumes in the textbook hand.
    (tmp_path / "old/done/results.json").unlink()
    notes: list[str] = []
    callback = Callback()
    callback.note = notes.append  # type: ignore[method-assign]
    again = runs.resume(tmp_path / "old/done", callback=callback)
    assert any("now called fast" in note for note in notes)
    assert (again.network.hand, again.accuracy) == ("numpy", pytest.approx(done.accuracy, abs=0.005))
