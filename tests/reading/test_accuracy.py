"""Reading accuracy: samples, averages and their intervals, transformed copies, sheets of misses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from byhand.bench.reading.accuracy import accuracy, by_kind, read_sample, transformed
from byhand.bench.reading.samples import Sample, load_samples
from byhand.bench.reading.sheets import write_sheets
from byhand.bench.reading.transforms import TRANSFORMS
from byhand.metrics.intervals import wilson_interval
from byhand.reading import Reader

Array = np.ndarray[Any, Any]


def by_author(*authors: str) -> list[Sample]:
    return [Sample(Path("7.png"), "7.png", "7", "photo", author) for author in authors]


def test_no_author_outweighs_the_others() -> None:
    found = accuracy(by_author(*["many"] * 90, *["few"] * 10), [True] * 90 + [False] * 10)
    assert found.mean == 0.5
    assert (found.pictures, found.authors) == (100, 2)
    # A quarter of the bootstrap draws takes either author twice.
    assert (found.low, found.high) == (0.0, 1.0)


def test_intervals() -> None:
    correct = np.random.default_rng(0).random(200) < 0.9
    many = accuracy(by_author(*map(str, range(200))), correct.tolist())
    # With many authors the bootstrap approaches the normal interval.
    half = 1.96 * np.sqrt(correct.mean() * (1 - correct.mean()) / 200)
    assert many.high - many.low == pytest.approx(2 * half, rel=0.1)
    one = accuracy(by_author(*["ann"] * 20), [True] * 19 + [False])
    assert (one.low, one.high) == wilson_interval(19, 20)


@pytest.fixture
def folder(draw: Callable[..., Array], tmp_path: Path) -> Path:
    lines = ["path,label,kind,source"]
    for author in ("ann", "bob"):
        for text in ("3", "8", "1572"):
            name = f"{author}-{text}.png"
            Image.fromarray(draw(text, pen=3 if author == "ann" else 7)).save(tmp_path / name)
            lines.append(f"{name},{text},drawing,{author}")
    # One wrong label, and one picture that does not exist.
    lines[-1] = lines[-1].replace("png,1572", "png,1573")
    lines.append("gone.png,7,photo,ann")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_a_folder(reader: Reader, folder: Path) -> None:
    samples = load_samples(folder)
    results = [read_sample(reader, sample) for sample in samples]
    *drawings, gone = results
    assert [one.texts["found"] for one in drawings] == ["3", "8", "1572"] * 2
    assert [one.texts.get("known single") for one in drawings] == ["3", "8", None] * 2
    assert all(one.seconds > 0 for one in drawings)
    assert (gone.text, gone.correct, gone.unsure) == ("", False, True)
    methods = by_kind(results)["drawing"]
    assert methods["known single"].mean == 1.0
    assert methods["found"].mean == pytest.approx((1 + 2 / 3) / 2)
    assert methods["naive"].pictures == 4
    assert transformed(reader, samples)["inverted"] == {"drawing": pytest.approx((1 + 2 / 3) / 2)}
    (sheet,) = write_sheets(reader, [one for one in results if not one.correct], folder / "out")
    with Image.open(sheet) as picture:
        assert picture.width > 1000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "samples.unreadable"),
        ("path,label,kind\n", "samples.column"),
        ("path,label,kind,source\n", "samples.none"),
        ("path,label,kind,source\n7.png,seven,photo,ann\n", "samples.label"),
        ("path,label,kind,source\n7.png\n", "samples.label"),
        ("path,label,kind,source\n../7.png,7,photo,ann\n", "samples.path"),
        ("path,label,kind,source\n/etc/7.png,7,photo,ann\n", "samples.path"),
    ],
)
def test_invalid_tables(text: str | None, code: str, tmp_path: Path, refused: Callable[[str], Any]) -> None:
    if text is not None:
        (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    with refused(code):
        load_samples(tmp_path)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transformed_copies_read_the_same(reader: Reader, draw: Callable[..., Array], name: str) -> None:
    pixels = np.repeat(draw("3852", high=100, pen=7)[..., None], 3, axis=2)
    copy = TRANSFORMS[name](pixels)
    assert copy.dtype == np.uint8
    assert copy.ndim == 3
    assert (name == "unchanged") == np.array_equal(copy, pixels)
    assert reader.read(copy).text == "3852"
