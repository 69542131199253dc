"""``byhand evaluate`` and ``byhand report``: a trained network on its own test digits, on a file, in another hand."""

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


def test_the_report_of_a_run(trained: Run, npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(trained.path)]) == 0
    page = trained.path / "report.html"
    with np.load(npz) as digits:
        answers = trained.network.logits(digits["x_test"]).argmax(axis=1)
        wanted = theirs(digits["y_test"], answers, digits=4, zero_division=0)
    assert capsys.readouterr().out == f"Written: {page}\n{wanted}"
    page.unlink()


def test_other_digits_have_a_page_of_their_own(
    trained: Run, capsys: pytest.CaptureFixture[str], pictures: Callable[..., tuple[Any, Any]]
) -> None:
    images, labels = pictures(20)
    np.savez("mine.npz", x_train=images, y_train=labels)
    assert main(["report", str(trained.path), "--data", "mine.npz", "--figures", "figures"]) == 0
    written = [line.removeprefix("Written: ") for line in capsys.readouterr().out.splitlines() if "Written" in line]
    assert written[0] == str(trained.path / "report-mine.html")
    assert "figures/confusion.svg" in written
    assert Path(written[0]).exists()
    assert not (trained.path / "report.html").exists()


def test_shipped_weights_lie_here(
    capsys: pytest.CaptureFixture[str], pictures: Callable[..., tuple[Any, Any]], tmp_path: Path
) -> None:
    images, labels = pictures(20)
    np.savez("mine.npz", x_train=images, y_train=labels)
    assert main(["report", "softmax", "--data", "mine.npz"]) == 0
    assert main(["report", "softmax", "--data", "mine.npz", "--out", "deep/er.html"]) == 2
    Path("deep").mkdir()
    assert main(["report", "softmax", "--data", "mine.npz", "--out", "deep/er.html"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "mine.npz", "report-softmax-mine.html"]
    same = Path("report-softmax-mine.html").read_bytes()
    assert Path("deep/er.html").read_bytes() == same
