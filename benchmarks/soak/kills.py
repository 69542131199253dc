"""Kill trainings at random instants: whatever is killed, repeating the command ends with the same bytes.

Every run is a fork of this process, which has imported everything and loaded the digits, so that a run lasts about a
second and the kills fall into the training and not into the imports.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from record import Tally, content, processor_seconds

from byhand.compare.runner import train_once
from byhand.data import Splits, load_digits
from byhand.training import trainer
from byhand.training.recipe import Recipe

SAME = ("recipe.toml", "log.jsonl", "results.json", "checkpoint.safetensors")
"""Files that hold no time of day."""
COMPUTING, WAITING = 60.0, 600.0
"""A run hangs after so many seconds of the processor, or by the clock; the machine may be busy."""

MLP = {"name": "mlp", "hidden": [24], "dropout": 0.3}
RECIPES: tuple[tuple[dict[str, object], dict[str, object]], ...] = (
    (MLP, {"optimizer": "adam", "lr": 0.01, "schedule": "one-cycle", "epochs": 30}),
    (MLP, {"optimizer": "momentum", "lr": 0.05, "schedule": "cosine", "epochs": 30, "l2": 1e-4}),
    (MLP, {"optimizer": "adamw", "lr": 0.02, "schedule": "step", "epochs": 60, "patience": 2, "l2": 0.01}),
    (MLP, {"optimizer": "rmsprop", "lr": 0.01, "schedule": "exponential", "epochs": 60, "patience": 3, "clip": 1.0}),
    (
        {"name": "lstm", "hidden": 6, "depth": 1, "dropout": 0.2},
        {"optimizer": "adam", "lr": 0.02, "schedule": "cosine", "epochs": 4, "patience": 2},
    ),
    (
        {"name": "tiny-cnn", "channels": [1, 1, 2, 2], "hidden": 4, "norm": True},
        {"optimizer": "sgd", "lr": 0.1, "schedule": "exponential", "epochs": 4, "watch_test": True},
    ),
    ({"name": "mlp", "hidden": [8]}, {"optimizer": "cg", "epochs": 25}),
)


def kill(hand: str, count: int, tally: Tally) -> None:
    """Kill runs of one hand until so many have died."""
    _import(hand)
    trainer.SAVE_EVERY = -1.0
    splits = load_digits("digits", split="400/100/100", offline=True)
    used = RECIPES if count >= len(RECIPES) else RECIPES[:count]
    recipes = []
    for number, (network, training) in enumerate(used):
        settings = {"batch_size": 32, **training, "hand": hand, "threads": 1, "seed": number}
        recipes.append(Recipe(f"soak{number}", network=network, training=settings, data={"name": "digits"}))
    whole, seconds = [], []
    for number, recipe in enumerate(recipes):
        folder = tally.work / f"whole{number}"
        shutil.rmtree(folder, ignore_errors=True)
        began = time.monotonic()
        if _finish(lambda recipe=recipe, folder=folder: train_once(recipe, folder, splits), tally, recipe) is None:
            return
        seconds.append(time.monotonic() - began)
        whole.append(_contents(folder))
    died, trial = 0, 0
    while died < count:
        number = trial % len(recipes)
        recipe, folder = recipes[number], tally.work / f"killed{trial}"
        trial += 1
        shutil.rmtree(folder, ignore_errors=True)

        def work(recipe: Recipe = recipe, folder: Path = folder) -> object:
            return train_once(recipe, folder, splits)

        for _ in range(int(tally.rng.integers(1, 4))):
            process = _forked(work, tally.work / "said")
            time.sleep(float(tally.rng.uniform(0, seconds[number])))
            os.kill(process, signal.SIGKILL)
            status = os.waitpid(process, 0)[1]
            if os.WIFSIGNALED(status):
                died += 1
                tally.case(recipe.name, _instant(folder))
                seconds[number] *= 1.01
            elif status:
                tally.find("a run failed", (tally.work / "said").read_text())
            else:
                # It was done before it was killed; the machine has become faster.
                seconds[number] *= 0.9
                break
        if _finish(work, tally, recipe) is None:
            return
        _age(folder, recipe, splits, tally)
        if (after := _contents(folder)) != whole[number]:
            wrong = [name for name in {*after, *whole[number]} if after.get(name) != whole[number].get(name)]
            tally.find("other bytes, or something left over", f"{recipe.name} in {hand}, {folder}: {sorted(wrong)}")
        else:
            shutil.rmtree(folder)


def _age(folder: Path, recipe: Recipe, splits: Splits, tally: Tally) -> None:
    """What a kill left of a folder in the making goes when the next run starts, once it is a minute old."""
    if left := list(folder.glob(".run-*")):
        tally.kinds["left a folder in the making"] += 1
        for path in left:
            os.utime(path, (0, 0))
        _finish(lambda: trainer.start(recipe, folder, "other", splits=splits), tally, recipe)
        shutil.rmtree(folder / "other", ignore_errors=True)


def _import(hand: str) -> None:
    """Import what a run in this hand imports."""
    import scipy.optimize  # noqa: F401

    if hand in ("tensor", "torch"):
        # torch.optim imports torch._dynamo at its first step, for seconds.
        import torch
        import torch._dynamo

        torch.set_num_threads(1)


def _forked(work: Callable[[], object], said: Path) -> int:
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(status)


def _finish(work: Callable[[], object], tally: Tally, recipe: Recipe) -> int | None:
    """Run to the end, watched; None if that failed."""
    said = tally.work / "said"
    process, began = _forked(work, said), time.monotonic()
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            break
        if processor_seconds(process) > COMPUTING or time.monotonic() - began > WAITING:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            tally.find("a run hangs", f"{recipe.name}, {recipe.config.hand}")
            return None
        time.sleep(0.02)
    if status:
        tally.find("a run failed", f"{recipe.name}, {recipe.config.hand}\n{said.read_text()}")
        return None
    tally.most("seconds from a kill to the end", time.monotonic() - began)
    return status


def _contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder of runs; of those with a time of day, only that they are there."""
    return {
        path.relative_to(folder).as_posix(): content(path) if path.name in SAME else b""
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _instant(folder: Path) -> str:
    """How far a killed run had come, by what it left."""
    names = {path.name for path in folder.rglob("*")}
    if "results.json" in names:
        return "with results"
    if "checkpoint.safetensors" in names:
        return "with a checkpoint"
    return "with a log" if "log.jsonl" in names else "with a folder" if "recipe.toml" in names else "before its folder"
