"""Ink that belongs to no digit is boxed and said, whatever the reason that it is in none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from byhand.cli import main
from byhand.reading import Reader, Reading, lattice
from byhand.reading.ink import find_ink
from byhand.reading.unread import MAX_BOXES
from byhand.rng import generator

Array = np.ndarray[Any, Any]
Draw = Callable[..., Array]


def covered(reading: Reading, page: Array) -> bool:
    """Whether every pixel of ink is in the box of a digit or of unread ink."""
    left = page < 100
    for one in (*reading.digits, *reading.unread):
        x0, y0, x1, y1 = one.box
        left[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2] = False
    return not left.any()


def kinds(reading: Reading) -> set[str]:
    return {one.kind for one in reading.unread}


def test_a_clean_number_leaves_nothing(reader: Reader, draw: Draw) -> None:
    reading = reader.read(draw("2853"))
    assert reading.unread == ()
    assert not reading.needs_review


@given(st.integers(0, 10_000))
def test_no_ink_is_dropped_in_silence(reader: Reader, draw: Draw, seed: int) -> None:
    rng = generator(seed, "unread")
    page = draw("".join(map(str, rng.integers(0, 10, 3))), high=50, pen=4, margin=1.0, gap=rng.uniform(-0.1, 0.4))
    for _ in range(6):
        points = rng.integers(0, page.shape[::-1], (2, 2))
        cv2.line(page, tuple(map(int, points[0])), tuple(map(int, points[1])), 0, int(rng.integers(2, 9)), cv2.LINE_AA)
    assert covered(reader.read(page), page)
    assert covered(reader.read(page, single=True), page)


def test_digits_cut_off_by_the_border(reader: Reader, draw: Draw) -> None:
    page = draw("3141", high=100, pen=8)
    page = np.hstack([page, draw("5", high=100, pen=8)[:, : 50 + 22]])
    reading = reader.read(page)
    assert covered(reading, page)
    assert reading.text == "31415" or reading.needs_review


def test_what_is_left_out_has_a_kind(reader: Reader, draw: Draw) -> None:
    page = draw("2853", high=80, pen=6, margin=1.0)
    ruled = page.copy()
    for row in (20, 70, 180, 220):
        cv2.line(ruled, (0, row), (page.shape[1], row), 90, 2)
    reading = reader.read(ruled)
    assert reading.text == "2853"
    assert kinds(reading) == {"rule"}
    assert not reading.needs_review
    table = page.copy()
    table[:, -25:] = 40
    reading = reader.read(table)
    assert (reading.text, kinds(reading)) == ("2853", {"border"})
    specks = page.copy()
    for number in range(12):
        cv2.circle(specks, (30 + 25 * number, 20), 2, 0, -1)
    reading = reader.read(specks)
    assert (reading.text, kinds(reading), sum(one.pieces for one in reading.unread)) == ("2853", {"speck"}, 12)
    assert not reading.needs_review


def test_more_ink_than_one_digit(reader: Reader, draw: Draw) -> None:
    reading = reader.read(draw("1572"), single=True)
    assert len(reading.text) == 1
    assert reading.needs_review
    assert sum(one.pieces for one in reading.unread if one.kind == "ink") == 3


def test_many_pieces_share_a_box(reader: Reader, draw: Draw) -> None:
    page = draw("2853", high=120, pen=8, margin=2.0)
    rng = generator(0, "specks")
    for _ in range(400):
        x, y = (int(at) for at in rng.integers(3, np.array(page.shape[::-1]) - 3))
        cv2.circle(page, (x, y), 1, 0, -1)
    reading = reader.read(page)
    assert covered(reading, page)
    assert len(reading.unread) <= 4 * MAX_BOXES
    assert sum(one.pieces for one in reading.unread) > 100


def test_boxes_are_in_pixels_of_the_picture(reader: Reader, draw: Draw) -> None:
    """Small pictures are enlarged, large ones scaled down."""
    for high in (20, 60, 700):
        page = draw("1572", high=high, pen=max(1, high // 12))
        reading = reader.read(page, single=True)
        height, width = page.shape
        assert covered(reading, page)
        assert all(0 <= one.box[0] < one.box[2] <= width for one in reading.unread)
        assert all(0 <= one.box[1] < one.box[3] <= height for one in reading.unread)


def test_more_hypotheses_than_the_limit_are_not_computed(
    reader: Reader, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draw("600", high=100, pen=8, gap=-0.03)
    assert reader.read(page).text == "600"
    read: list[int] = []
    compute = reader._logits
    monkeypatch.setattr(reader, "_logits", lambda images: read.append(len(images)) or compute(images))
    monkeypatch.setattr(lattice, "MAX_CANDIDATES", 8)
    reading = reader.read(page)
    assert read == [len(reading.digits)]
    assert read[0] <= 8
    # Without its cuts it is hardly read; that is not hidden.
    assert all(digit.unsure for digit in reading.digits)
    assert covered(reading, page)
    monkeypatch.setattr(lattice, "MAX_CANDIDATES", 4000)
    monkeypatch.setattr(lattice, "MAX_CANDIDATE_PIXELS", 10)
    nothing = reader.read(page)
    assert nothing.digits == ()
    assert nothing.needs_review
    assert covered(nothing, page)


def test_the_answer_and_the_command_say_it(draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, stages = tmp_path / "number.png", tmp_path / "stages.png"
    Image.fromarray(draw("1572")).save(path)
    assert main(["read", str(path), "--single", "--explain", str(stages)]) == 0
    shown = capsys.readouterr()
    assert "in no digit: ink (3)" in shown.err
    assert f"Written: {stages}" in shown.err
    assert main(["read", str(path), "--single", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["needs_review"]
    assert [one["kind"] for one in answer["unread"]] == ["ink"] * 3
    assert main(["read", str(path)]) == 0
    assert "in no digit" not in capsys.readouterr().err


def test_a_number_is_not_one_digit_to_look_at(draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "number.png"
    for text, said in (("1572", True), ("7", False)):
        Image.fromarray(draw(text)).save(path)
        assert main(["look", "softmax", "--image", str(path), "--map", "none", "--out", str(tmp_path / text)]) == 0
        assert ("'1572'" in capsys.readouterr().err) == said


def test_ink_without_strong_pixels_is_not_lost(reader: Reader, draw: Draw) -> None:
    """A faint digit beside dark ones is read, or boxed."""
    page = draw("28 3", high=80, pen=7, margin=1.0)
    pale = draw("  5 ", high=80, pen=7, margin=1.0)
    for level in (120, 150, 180):
        both = np.minimum(page, np.where(pale < 255, level, 255).astype(np.uint8))
        reading = reader.read(both)
        seen = find_ink(np.repeat(both[..., None], 3, axis=2)).level
        if (seen[pale < 255] >= 128).any():
            assert len(reading.text) == 4 or reading.needs_review
