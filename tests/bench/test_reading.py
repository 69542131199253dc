"""How well reading does: samples, shares and their intervals, transformed copies, sheets of misses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import binomtest

from byhand.bench.reading import accuracy as measure
from byhand.bench.reading.labels import write_sheets
from byhand.bench.reading.samples import Sample, load_samples
from byhand.bench.reading.transforms import TRANSFORMS
from byhand.errors import ByhandError
from byhand.reading import Reader

Array = np.ndarray[Any, Any]


def sample(label: str = "7", source: str = "ann", kind: str = "photo", path: str = "7.png") -> Sample:
    return Sample(Path(path), path, label, kind, source)


@given(st.integers(1, 400), st.data())
def test_wilson_is_scipys(count: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, count))
    low, high = measure.wilson(right, count)
    theirs = binomtest(right, count).proportion_ci(method="wilson")
    assert low == pytest.approx(theirs.low, abs=1e-6)
    assert high == pytest.approx(theirs.high, abs=1e-6)


def test_no_author_outweighs_the_others() -> None:
    samples = [sample(source="many")] * 90 + [sample(source="few")] * 10
    share = measure.share_of(samples, [True] * 90 + [False] * 10)
    assert share.mean == 0.5
    assert (share.pictures, share.authors) == (100, 2)
    # Of two authors, one all right and one all wrong, a quarter of the draws takes either twice.
    assert (share.low, share.high) == (0.0, 1.0)


def test_the_bootstrap_is_the_normal_law_where_authors_are_many() -> None:
    draw = np.random.default_rng(0)
    truths = draw.random(200) < 0.9
    share = measure.share_of([sample(source=str(at)) for at in range(200)], truths.tolist())
    half = 1.96 * np.sqrt(truths.mean() * (1 - truths.mean()) / 200)
    assert share.high - share.low == pytest.approx(2 * half, rel=0.1)


def test_one_author_has_wilsons_interval() -> None:
    share = measure.share_of([sample()] * 20, [True] * 19 + [False])
    assert (share.low, share.high) == measure.wilson(19, 20)


@pytest.fixture
def folder(draw: Callable[..., Array], tmp_path: Path) -> Path:
    lines = ["path,label,kind,source"]
    for author in ("ann", "bob"):
        for text in ("3", "8", "1572"):
            name = f"{author}-{text}.png"
            Image.fromarray(draw(text, pen=3 if author == "ann" else 7)).save(tmp_path / name)
            lines.append(f"{name},{text},drawing,{author}")
    # One that no reader gets right.
    lines[-1] = lines[-1].replace("png,1572", "png,1573")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_a_folder(reader: Reader, folder: Path) -> None:
    answers = [measure.answer(reader, one) for one in load_samples(folder)]
    assert [one.text for one in answers] == ["3", "8", "1572"] * 2
    assert [one.known_single for one in answers] == ["3", "8", None] * 2
    assert all(one.seconds > 0 for one in answers)
    ways = measure.summary(answers)["drawing"]
    assert ways["known single"].mean == 1.0
    assert ways["found"].mean == pytest.approx((1 + 2 / 3) / 2)
    assert ways["naive"].pictures == 4
    (sheet,) = write_sheets(reader, [one for one in answers if one.text != one.sample.label], folder / "out")
    with Image.open(sheet) as picture:
        assert picture.width > 1000


def test_a_picture_that_cannot_be_opened_is_read_as_nothing(reader: Reader, tmp_path: Path) -> None:
    found = measure.answer(reader, Sample(tmp_path / "gone.png", "gone.png", "7", "photo", "ann"))
    assert (found.text, found.known_single, found.naive, found.unsure) == ("", "", "", True)
    (sheet,) = write_sheets(reader, [found], tmp_path / "out")
    with Image.open(sheet) as picture:
        assert picture.width > 1000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, r"labels\.csv cannot be read \(No such file"),
        ("path,label,kind\n", "has no column 'source'"),
        ("path,label,kind,source\n", "lists no pictures"),
        ("path,label,kind,source\n7.png,seven,photo,ann\n", "line 2 has the label 'seven', expected digits"),
        ("path,label,kind,source\n../7.png,7,photo,ann\n", "expected a path inside the folder"),
        ("path,label,kind,source\n/etc/7.png,7,photo,ann\n", "expected a path inside the folder"),
        ("path,label,kind,source\n7.png\n", "has the label ''"),
    ],
)
def test_tables_that_are_none(text: str | None, found: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ByhandError, match=found):
        load_samples(tmp_path)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transformed_copies_are_read_alike(reader: Reader, draw: Callable[..., Array], name: str) -> None:
    pixels = np.repeat(draw("3852", high=100, pen=7)[..., None], 3, axis=2)
    copy = TRANSFORMS[name](pixels)
    assert copy.dtype == np.uint8
    assert copy.ndim == 3
    assert (name == "as it is") == np.array_equal(copy, pixels)
    assert reader.read(copy).text == "3852"


def test_copies_are_made_as_they_say() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (100, 150, 3)).astype(np.uint8)
    assert TRANSFORMS["scaled to 0.5"](pixels).shape == (50, 75, 3)
    assert TRANSFORMS["scaled to 0.3"](pixels[:40, :60]).shape == (28, 42, 3)
    assert TRANSFORMS["scaled to 4"](pixels).shape == (400, 600, 3)
    assert np.array_equal(TRANSFORMS["inverted"](pixels), 255 - pixels)
    assert TRANSFORMS["noise"](np.full((200, 200, 3), 128, np.uint8)).std() == pytest.approx(12, rel=0.02)
    assert np.ptp(TRANSFORMS["contrast 40 %"](pixels)) == pytest.approx(0.4 * 255, abs=1)
