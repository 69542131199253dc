"""Every object that a user meets represents itself in one short line, whatever it holds."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import byhand
from byhand import weights
from byhand.compare.result import Result
from byhand.data import Dataset, Splits
from byhand.hands import HANDS
from byhand.metrics.evaluation import Evaluation
from byhand.sklearn import DigitClassifier
from byhand.training.recipe import Recipe, load_recipe, shipped

LONGEST = 200


def reachable(value: Any, seen: dict[int, Any]) -> Iterator[Any]:
    """Every object of byhand that can be reached from another one through public attributes and containers."""
    if id(value) in seen or isinstance(value, type) or inspect.isroutine(value) or inspect.ismodule(value):
        return
    seen[id(value)] = value
    if type(value).__module__.startswith("byhand"):
        yield value
        for name in dir(type(value)) + list(getattr(value, "__dict__", {})):
            if not name.startswith("_") and not inspect.isroutine(getattr(type(value), name, None)):
                try:
                    held = getattr(value, name)
                except (byhand.ByhandError, KeyError, AttributeError):
                    continue
                yield from reachable(held, seen)
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from reachable(held, seen)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from reachable(held, seen)


@pytest.fixture(scope="module")
def roots(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What the public functions return, with long names and much in it."""
    folder = tmp_path_factory.mktemp("a-folder-with-quite-a-long-name-" * 5)
    arrays = (splits.train.images, splits.train.labels)
    run = byhand.train(
        "tiny-cnn", data=arrays, epochs=1, channels=[2, 2], hidden=4, runs=folder, threads=1, show=False, report=False
    )
    few = Recipe("selects", network={"name": "softmax", "min_variance": 0.0})
    networks = [run.load_network(hand) for hand in HANDS]
    drawing = np.zeros((90, 60), np.uint8)
    drawing[20:70, 28:33] = 255
    reader = byhand.Reader()
    classifier = DigitClassifier("mlp", epochs=1).fit(splits.train.images, splits.train.labels)
    return [
        run,
        byhand.load_run(run.folder),
        *(weights.load_run(name) for name in weights.names()),
        *(load_recipe(name) for name in shipped()),
        few,
        few.spec(splits.train),
        resnet := load_recipe("resnet").spec(),
        *resnet.entries,
        *networks,
        run.network.evaluate(splits.test),
        Evaluation.of(run.network, splits.test).report,
        Evaluation.of(run.network, splits.test).calibration,
        byhand.load_digits(arrays),
        Dataset(splits.train),
        byhand.prove("softmax", entries=1, show=False),
        reader,
        reader.read(drawing),
        Result(run.recipe, [run] * 5),
        classifier,
        byhand.ByhandError("A sentence.", code="area.problem"),
    ]


def test_every_object_in_one_short_line(roots: list[Any]) -> None:
    seen: dict[int, Any] = {}
    found = [value for root in roots for value in reachable(root, seen)]
    assert {type(value).__name__ for value in found} >= {
        *("Run", "Recipe", "TrainingConfig", "Spec", "Entry", "Linear", "Select", "Residual", "FastNetwork"),
        *("NumpyNetwork", "TensorNetwork"),
        *("TorchNetwork", "Digits", "Dataset", "Splits", "Reader", "Reading", "ReadDigit", "Proof", "Check", "Drift"),
        *("Evaluation", "Report", "Calibration", "Checkpoint", "Result", "DigitClassifier", "ByhandError"),
    }
    long = {type(value).__name__: repr(value) for value in found if len(repr(value)) > LONGEST or "\n" in repr(value)}
    # scikit-learn prints parameters, on as many lines as it likes.
    long.pop("DigitClassifier", None)
    assert long == {}
    for value in found:
        assert type(value).__name__ in repr(value) or isinstance(value, byhand.ByhandError)
