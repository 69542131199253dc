"""``byhand look``: a page and figures for shipped networks, runs and image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from byhand import weights
from byhand.cli import main
from byhand.data import load_dataset


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def both(*figures: str) -> list[str]:
    return sorted([f"{figure}.{ending}" for figure in figures for ending in ("png", "svg")] + ["look.html"])


@pytest.mark.slow
def test_shipped_weights(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["look", "softmax", "--data", "digits", "--digit", "7"]) == 0
    out = capsys.readouterr().out
    folder = tmp_path / "look" / "softmax"
    assert names(folder) == both("answer", "layers", "units", "evidence", "map")
    assert f"Page: {Path('look')}/softmax/look.html" in out
    page = (folder / "look.html").read_text(encoding="utf-8")
    digits = load_dataset("digits").train
    place = int(np.flatnonzero(digits.labelled() == 7)[0])
    assert f"{place} of digits (embedded in scikit-learn)" in page
    network = weights.load("softmax")
    assert f"Read as {network.logits(digits.images[place : place + 1]).argmax()}" in page
    assert str(tmp_path) not in page


@pytest.mark.slow
def test_a_run(capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    assert main(["train", "elman", "--data", str(npz), "-ep", "1", "-hid_dim", "6", "--name", "mine"]) == 0
    assert main(["look", "runs/mine", "--index", "3", "--out", "seen", "--map", "none", "--hand", "tensor"]) == 0
    assert names(Path("seen")) == both("answer", "layers", "rows", "evidence")
    page = Path("seen/look.html").read_text(encoding="utf-8")
    assert "Inside mine" in page
    assert "tensor" in page


@pytest.mark.slow
def test_an_image_file(capsys: pytest.CaptureFixture[str]) -> None:
    image = load_dataset("digits").train.images[4]
    Image.fromarray(image).save("my.png")
    assert main(["look", "softmax", "--image", "my.png", "--map", "none", "--out", "seen"]) == 0
    assert "My.png, read by softmax" in Path("seen/look.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif("reader" not in weights.names(), reason="the network that reads is not trained yet")
def test_a_photograph_goes_through_the_reader(capsys: pytest.CaptureFixture[str]) -> None:
    ink = load_dataset("digits").train.images[4]
    paper = np.full((300, 260), 235, np.uint8)
    large = np.kron(ink, np.ones((7, 7), np.uint8))
    paper[40:236, 30:226] -= (large * 0.8).astype(np.uint8)
    Image.fromarray(paper).save("photo.jpg", quality=95)
    assert main(["look", "mlp", "--image", "photo.jpg", "--map", "none", "--out", "seen"]) == 0
    label = int(load_dataset("digits").train.labelled()[4])
    assert f"Read as {label}" in Path("seen/look.html").read_text(encoding="utf-8")
    Image.fromarray(np.full((300, 260), 235, np.uint8)).save("empty.png")
    assert main(["look", "mlp", "--image", "empty.png", "--map", "none", "--out", "other"]) == 2
    assert "[look.no_digit_found]" in capsys.readouterr().err
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["softmacs"], "run.not_found"),
        (["runs/none"], "run.not_found"),
        (["softmax", "--digit", "12"], "look.no_such_digit"),
        (["softmax", "--digit", "7", "--index", "100000"], "look.index_out_of_range"),
        (["softmax", "--index", "-1"], "look.index_out_of_range"),
        (["softmax", "--image", "missing.png"], "picture.unreadable"),
        (["softmax", "--image", "missing.png", "--index", "2"], "look.index_and_image"),
        (["softmax", "--hand", "left"], "hands.unknown_hand"),
    ],
)
def test_bad_input_is_one_sentence(words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    if words[0] == "softmax":
        words = [*words, "--data", "digits"]
    assert main(["look", *words]) == 2
    error = capsys.readouterr().err
    assert f"[{code}]" in error
    assert error.startswith("byhand: ")
    assert error.count("\n") == 1
    assert list(Path().iterdir()) == []
