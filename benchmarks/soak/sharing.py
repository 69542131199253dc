"""Every public object used by many threads at once: each use gives what it gives to one thread."""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
import shutil
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from client import seven
from record import Tally, content, memory

import byhand
from byhand.data import load_digits
from byhand.errors import ByhandError
from byhand.hands import HANDS
from byhand.metrics.evaluation import Evaluation
from byhand.training.recipe import Recipe
from byhand.training.trainer import start

THREADS = 8
MEGABYTES = 600.0
"""How far the memory may rise over all uses of an object."""
RARE = {"prove": 50}
"""A use of these takes seconds: only so small a part of the others' number is made, none in a short soak."""
Use = Callable[[int], Any]


def share(count: int, tally: Tally) -> None:
    """Use every public object that many times; what is `RARE`, less often."""
    for name, uses in objects(tally.work).items():
        wanted = count // RARE.get(name, 1)
        if not wanted:
            continue
        # One thread first: what is right, and what is built at the first use.
        right = [_answer(use, 0) for use in uses]
        before, began = memory("VmRSS"), time.monotonic()

        def one(number: int, uses: tuple[Use, ...] = tuple(uses), right: list[str] = right) -> str:
            index = number % len(uses)
            found = _answer(uses[index], number)
            return "" if found == right[index] else f"use {index}: {found[-600:]}, expected {right[index][-200:]}"

        with ThreadPoolExecutor(THREADS) as pool:
            for problem in pool.map(one, range(wanted)):
                if problem:
                    tally.find(f"{name}: another answer beside other threads", problem)
                tally.case(name, "another answer" if problem else "same answer")
        rise = memory("VmRSS") - before
        tally.most("MB more", rise)
        if rise > MEGABYTES:
            tally.find(f"{name}: memory", f"{rise:.0f} MB more after {count} uses")
        print(f"soak: sharing {name}: {time.monotonic() - began:.1f} s", flush=True)


def _answer(use: Use, number: int) -> str:
    try:
        return _digest(use(number))
    except Exception:
        return traceback.format_exc()


def _digest(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return hashlib.sha256(value.tobytes()).hexdigest() + str(value.shape)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, dict):
        return str({key: _digest(each) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return str([_digest(each) for each in value])
    return str(value)


def objects(work: Path) -> dict[str, list[Use]]:
    """The public objects and functions, each with its uses; a use gets a number, for names of its own."""
    splits = load_digits("digits", split="200/50/50", offline=True)
    images, labels = splits.test.images[:4], splits.test.labelled()[:4]
    shutil.rmtree(work / "runs", ignore_errors=True)
    tiny = Recipe("tiny", network={"name": "mlp", "hidden": [4]}, training={"epochs": 1, "threads": 1})
    tiny = tiny.with_data(name="digits", split="200/50/50")
    run = start(tiny, work / "runs", "run", splits=splits)
    folder, evaluation, reader, picture = run.folder, Evaluation.of(run.network, splits.test), byhand.Reader(), seven()
    made: dict[str, list[Use]] = {
        "Reader": [lambda _: reader.read(picture).to_dict(), lambda _: reader.read(picture, single=True).text],
        "load_digits": [lambda _: byhand.load_digits("digits", split="200/50/50", offline=True).test.images],
        "load_run": [lambda _: byhand.load_run(folder).network.logits(images)],
        "train": [lambda number: _trained(tiny, work, number)],
        "prove": [lambda _: byhand.prove(tiny, entries=1, show=False).holds],
        "ByhandError": [lambda _: (str(ByhandError("A sentence.", code="a.b")), ByhandError("x.", code="a.b").code)],
        "Run": [
            lambda _: run.network.logits(images),
            lambda _: (run.accuracy, run.seconds, run.status, run.spec.size),
            lambda _: run.splits().sizes,
        ],
        "Recipe": [lambda _: tiny.with_settings(lr=0.5).to_toml(), lambda _: tiny.spec(splits.train).to_dict()],
        "Splits": [lambda _: (splits.sizes, splits.name), lambda _: splits.test.labelled()],
        "Evaluation": [
            lambda _: evaluation.report.confusion,
            lambda _: evaluation.calibration.error,
            lambda _: evaluation.most_confident_errors(5),
        ],
        "figures": [lambda _: _figure(run)],
    }
    for hand in HANDS:
        network = byhand.load_network("mlp", hand)
        made[f"Network, {hand}"] = [
            lambda _, network=network: network.logits(images),
            lambda _, network=network: network.loss_and_gradient(images, labels),
            lambda _, network=network: network.activations(images),
            lambda _, network=network: network.parameters(),
        ]
        made[f"load_network, {hand}"] = [
            lambda _, hand=hand: byhand.load_network("softmax", hand).logits(images),
        ]
    return made | _classifiers(splits)


def _classifiers(splits: Any) -> dict[str, list[Use]]:
    from byhand.sklearn import DigitClassifier

    X, y = splits.train.images.reshape(-1, 784), splits.train.labelled()
    fitted = DigitClassifier("mlp", hidden=8, epochs=1).fit(X, y)
    again = pickle.dumps(fitted)  # as scikit-learn's users do
    return {
        "DigitClassifier": [
            lambda _: fitted.predict(X[:20]),
            lambda _: fitted.predict_proba(X[:20]),
            lambda _: fitted.score(X[:50], y[:50]),
            lambda _: pickle.loads(again).predict(X[:20]),  # noqa: S301  # our own
        ]
    }


def _trained(recipe: Recipe, work: Path, number: int) -> Any:
    run = byhand.train(recipe, runs=work / "trained", name=f"{number}", show=False, report=False, offline=True)
    found = [content(run.folder / name) for name in ("log.jsonl", "results.json", "checkpoint.safetensors")]
    shutil.rmtree(run.folder)
    return found


@functools.cache
def _log() -> list[dict[str, Any]]:
    return [
        {"epoch": epoch, "train_loss": 1 / (1 + epoch), "val_loss": 1.1 / (1 + epoch), "val_accuracy": 0.9, "lr": 0.1}
        for epoch in range(3)
    ]


def _figure(run: Any) -> str:
    from byhand.viz import style
    from byhand.viz.run.learning import learning

    file = io.BytesIO()
    with style.applied():
        learning(_log()).savefig(file, format="png", dpi=30)
    return hashlib.sha256(file.getvalue()).hexdigest() + run.name
