"""``byhand read`` and ``byhand bench reading``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from byhand.cli import main

BOX = {"1": [[(20, 10), (20, 70)]], "7": [[(5, 10), (45, 10), (20, 70)]]}


def page(text: str) -> np.ndarray[Any, Any]:
    """Ones and sevens, drawn with a pen of five pixels."""
    drawn = np.full((100, 40 + 60 * len(text)), 255, np.uint8)
    for column, digit in enumerate(text):
        for stroke in BOX[digit]:
            points = np.add(stroke, (20 + 60 * column, 8)).astype(np.int32)
            cv2.polylines(drawn, [points], False, 0, 5, cv2.LINE_AA)
    return drawn


@pytest.fixture(autouse=True)
def _pictures(_here: None) -> None:
    for text in ("7", "1771"):
        Image.fromarray(page(text)).save(f"{text}.png")
    Image.new("L", (80, 60), 255).save("empty.png")
    Path("text.png").write_text("seven\n", encoding="utf-8")


def test_one_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "1771.png"]) == 0
    said = capsys.readouterr()
    assert said.out == "1771\n"
    assert said.err == ""
    assert main(["read", "7.png", "--single"]) == 0
    assert capsys.readouterr().out == "7\n"


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.concatenate([page("17"), page("71")])).save("lines.png")
    assert main(["read", "lines.png"]) == 0
    assert capsys.readouterr().out == "17\n71\n"
    assert main(["read", "lines.png", "7.png"]) == 0
    assert capsys.readouterr().out == "lines.png: 17 / 71\n7.png: 7\n"


def test_unsure_digits_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    scribble = np.full((200, 200), 255, np.uint8)
    points = np.random.default_rng(0).integers(30, 170, (14, 2)).astype(np.int32)
    cv2.polylines(scribble, [points], False, 0, 5, cv2.LINE_AA)
    Image.fromarray(scribble).save("scribble.png")
    assert main(["read", "scribble.png", "--single"]) == 0
    assert capsys.readouterr().err.startswith("byhand: scribble.png: digit 1 ")


def test_a_batch_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "7.png", "text.png", "none.png", ".", "1771.png"]) == 1
    said = capsys.readouterr()
    assert said.out == "7.png: 7\n1771.png: 1771\n"
    problems = said.err.splitlines()
    codes = ("[picture.unknown_format]", "[picture.unreadable]", "[picture.folder]")
    assert [line.endswith(code) for line, code in zip(problems, codes, strict=True)] == [True] * 3
    # If nothing can be read.
    assert main(["read", "text.png", "none.png"]) == 2
    assert main(["read", "text.png"]) == 2


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "1771.png", "text.png", "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["picture"], first["text"], first["size"]) == ("1771.png", "1771", [280, 100])
    assert [digit["value"] for digit in first["digits"]] == [1, 7, 7, 1]
    assert all(digit["confidence"] > 0.9 and not digit["unsure"] for digit in first["digits"])
    assert second["picture"] == "text.png"
    assert second["code"] == "picture.unknown_format"


def test_explaining(capsys: pytest.CaptureFixture[str]) -> None:
    Path("new").mkdir()
    assert main(["read", "1771.png", "--explain", "new/stages.png"]) == 0
    assert capsys.readouterr().out == "1771\n"
    with Image.open("new/stages.png") as figure:
        assert figure.width > 2000
    assert main(["read", "1771.png", "7.png", "--explain", "stages.png"]) == 2
    assert "[cli.invalid_argument]" in capsys.readouterr().err
    assert not Path("stages.png").exists()


def test_reading_brings_neither_torch_nor_matplotlib(python: Callable[..., Any], tmp_path: Path) -> None:
    script = (
        "import sys; from byhand.cli import main; main(['read', '1771.png']); "
        "print(sorted({'torch', 'matplotlib', 'sklearn', 'onnx', 'pyarrow', 'scipy'} & set(sys.modules)))"
    )
    done = python("-c", script)
    assert done.stdout.splitlines() == ["1771", "[]"], done.stderr


def test_bench_reading(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["path,label,kind,source", "7.png,7,drawing,ann", "1771.png,1777,drawing,ann", "7.png,1,scan,bob"]
    Path("labels.csv").write_text("\n".join(lines), encoding="utf-8")
    assert main(["bench", "reading", ".", "--out", "out", "--transformed", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["kinds"]["drawing"]["found"]["mean"] == 0.5
    assert record["kinds"]["scan"]["known single"] == record["kinds"]["scan"]["found"]
    assert record["transformed"]["inverted"] == {"drawing": 0.5, "scan": 0.0}
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "bench-reading.json",
        "bench-reading.md",
        "misses-1.png",
    ]
    assert json.loads(Path("out/bench-reading.json").read_text(encoding="utf-8")) == record
    assert "| drawing | 2 | 1 | 100.0 (" in Path("out/bench-reading.md").read_text(encoding="utf-8")
    assert main(["bench", "reading", ".", "--no-misses"]) == 0
    assert not list(Path("bench-reading").glob("*.png"))
    assert capsys.readouterr().out.startswith("kind ")
    assert main(["bench", "reading", "out"]) == 2
    assert "[samples.unreadable]" in capsys.readouterr().err
