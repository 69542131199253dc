"""``byhand predict``: digits without labels become answers, in Kaggle's form and others."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand import weights
from byhand.cli import main
from byhand.metrics.losses import probabilities


@pytest.fixture
def images(pictures: Callable[..., tuple[Any, Any]]) -> Any:
    """Thirty of them, in ``test.csv`` as Kaggle ships them, and with labels in ``train.csv``."""
    drawn, labels = pictures(30, seed=4)
    rows = drawn.reshape(30, 784).tolist()
    names = ",".join(f"pixel{place}" for place in range(784))
    lines = [",".join(map(str, row)) for row in rows]
    Path("test.csv").write_text("\n".join([names, *lines]) + "\n", encoding="utf-8")
    labelled = [f"{label},{line}" for label, line in zip(labels, lines, strict=True)]
    Path("train.csv").write_text("\n".join([f"label,{names}", *labelled]) + "\n", encoding="utf-8")
    return drawn


def test_a_submission(images: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    assert main(["predict", "softmax", "--data", "test.csv", "--submission", "out/submission.csv"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "Written: out/submission.csv\n"
    text = Path("out/submission.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    # As Kaggle's sample_submission.csv: a heading, counted from 1, a new line at the end.
    assert lines[0] == "ImageId,Label"
    assert text.endswith("\n")
    answers = weights.load("softmax").logits(images).argmax(axis=1)
    assert lines[1:] == [f"{place},{answer}" for place, answer in enumerate(answers, start=1)]
    # Without a file, the same is printed.
    assert main(["predict", "softmax", "--data", "test.csv"]) == 0
    assert capsys.readouterr().out == text


def test_probabilities_and_json(images: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "softmax", "--data", "test.csv", "--probabilities", "p.csv", "--json"]) == 0
    printed = capsys.readouterr()
    network = weights.load("softmax")
    shares = probabilities(network.logits(images), network.spec.loss)
    with Path("p.csv").open(encoding="utf-8") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["ImageId", *(f"p{digit}" for digit in range(10))]
    assert [row[0] for row in rows] == [str(place) for place in range(1, 31)]
    assert np.array([row[1:] for row in rows], float) == pytest.approx(shares, rel=1e-5)
    read = json.loads(printed.out)
    assert (read["data"], read["count"]) == ("test", 30)
    assert read["answers"] == shares.argmax(axis=1).tolist()
    assert np.array(read["probabilities"]) == pytest.approx(shares, abs=1e-6)
    assert printed.err.endswith("Written: p.csv\n")


def test_labelled_digits_are_scored(images: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "softmax", "--data", "train.csv"]) == 0
    printed = capsys.readouterr()
    right = np.array([line.split(",")[1] for line in printed.out.splitlines()[1:]], int) == np.arange(30) % 10
    assert f" {100 * right.mean():.2f} % " in printed.err


def test_a_network_that_knows_what_is_no_digit_answers_a_digit(images: Any, capsys: pytest.CaptureFixture[str]) -> None:
    reader = weights.load("reader")
    noise = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    assert (reader.logits(noise).argmax(axis=1) == 10).any()
    np.savez("noise.npz", x_train=noise[:1], y_train=np.zeros(1, np.uint8), x_test=noise, y_test=np.zeros(40, np.uint8))
    assert main(["predict", "reader", "--data", "noise.npz", "--json"]) == 0
    printed = capsys.readouterr()
    assert "40 digits: noise (noise.npz), test digits." in printed.err
    read = json.loads(printed.out)
    assert max(read["answers"]) <= 9
    assert {len(row) for row in read["probabilities"]} == {10}
    assert [sum(row) for row in read["probabilities"]] == pytest.approx([1] * 40, abs=1e-5)
