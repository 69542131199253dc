"""``byhand evaluate``: a trained network on its own test digits, on a file, in another hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import classification_report as theirs

from byhand.cli import main
from byhand.data import load_digits
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import start


@pytest.fixture(scope="module")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    training = {"epochs": 1, "batch_size": 50, "lr": 0.02, "threads": 1}
    recipe = Recipe("small", network={"name": "mlp", "hidden": [12]}, training=training, data={"name": str(npz)})
    return start(recipe, tmp_path_factory.mktemp("runs"), "small")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def kaggle(path: Path, images: Any, labels: Any | None) -> None:
    """Write digits as Kaggle ships them."""
    names = [f"pixel{place}" for place in range(784)]
    rows = images.reshape(len(images), 784).tolist()
    if labels is not None:
        names, rows = ["label", *names], [[int(label), *row] for label, row in zip(labels, rows, strict=True)]
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def evaluated(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["evaluate", *words, "--json"]) == 0
    read: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    return read


def test_the_test_split(trained: Run, capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    found = evaluated(capsys, str(trained.path))
    test = load_digits(str(npz)).test
    right = trained.network.logits(test.images).argmax(axis=1) == test.labelled()
    # A network that is neither perfect nor useless, or the rest would say little.
    assert 0.2 < right.mean() < 1
    assert found["accuracy"] == right.mean() == trained.accuracy
    assert found["loss"] == trained.results["test"]["loss"]
    assert found["data"] == {"name": "drawn", "source": str(npz), "part": "test split", "count": len(test)}
    assert np.sum(found["confusion"]) == len(test)
    assert found["classes"]["support"] == np.bincount(test.labelled(), minlength=10).tolist()


@pytest.mark.parametrize("hand", ["tensor", "torch"])
def test_another_hand_reads_the_same(hand: str, trained: Run, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    ours, theirs = evaluated(capsys, str(trained.path)), evaluated(capsys, str(trained.path), "--hand", hand)
    assert theirs["confusion"] == ours["confusion"]
    assert theirs["loss"] == pytest.approx(ours["loss"], rel=1e-5)


def test_a_kaggle_file(
    trained: Run, capsys: pytest.CaptureFixture[str], pictures: Callable[..., tuple[Any, Any]], tmp_path: Path
) -> None:
    images, labels = pictures(30, seed=5)
    # Only some classes, and wrong on purpose: nobody reads them like this.
    labels = labels // 3
    kaggle(tmp_path / "train.csv", images, labels)
    found = evaluated(capsys, str(trained.path), "--data", "train.csv")
    answers = trained.network.logits(images).argmax(axis=1)
    assert found["data"] == {"name": "train", "source": "train.csv", "part": "all digits", "count": 30}
    assert found["accuracy"] == np.mean(answers == labels)
    assert found["classes"]["support"] == [9, 9, 9, 3, 0, 0, 0, 0, 0, 0]
    assert found["classes"]["recall"][4:] == [0.0] * 6
    assert main(["evaluate", str(trained.path), "--data", "train.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "train (train.csv), all digits: 30 digits"
    assert lines[1] == f"Accuracy: {100 * found['accuracy']:.2f} %"
    assert lines[2] == f"Loss: {found['loss']:.4f}"
    assert lines[3] == f"Expected calibration error: {100 * found['calibration_error']:.2f} points"
    wanted = theirs(labels, answers, digits=4, zero_division=0)
    assert lines[4:] == wanted.splitlines()


def test_a_files_own_test_digits(trained: Run, capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    found = evaluated(capsys, str(trained.path), "--data", str(npz))
    assert (found["data"]["part"], found["data"]["count"]) == ("test digits", 40)


def test_other_digits_are_not_its_test_split(
    npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], pictures: Callable[..., tuple[Any, Any]]
) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(npz.read_bytes())
    recipe = Recipe("small", network={"name": "softmax"}, training={"epochs": 1}, data={"name": "mine.npz"})
    run = start(recipe, tmp_path / "runs", "small")
    # The same digits under another name are the same.
    path.rename(tmp_path / "yours.npz")
    (tmp_path / "mine.npz").symlink_to("yours.npz")
    evaluated(capsys, str(run.path))
    (tmp_path / "mine.npz").unlink()
    images, labels = pictures(100, seed=3)
    np.savez(path, x_train=images, y_train=labels)
    assert main(["evaluate", str(run.path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "[run.other_digits]" in printed.err
    evaluated(capsys, str(run.path), "--data", "mine.npz")
    # A run that is not done says so, and does not know its digits' name.
    (run.path / "results.json").unlink()
    assert main(["evaluate", str(run.path)]) == 2
    assert "[run.other_digits]" in capsys.readouterr().err
    assert main(["evaluate", str(run.path), "--data", "yours.npz"]) == 0
    assert "is not done" in capsys.readouterr().err
