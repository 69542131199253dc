"""Figures give the same files every time, in one look, from any thread, and leave Matplotlib's settings alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from byhand.errors import ByhandError
from byhand.viz import style


def some(title: str = "Accuracy") -> style.Figure:
    with style.applied():
        drawn = style.figure(4, 3)
        axes = drawn.add_subplot()
        axes.plot([0, 1, 2], [90, 95, 97])
        axes.set_title(title)
    return drawn


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (style.save(some(), tmp_path / name / "curve") for name in ("a", "b"))
    assert [path.name for path in first] == ["curve.svg", "curve.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    # Other content, other bytes: the comparison above could fail.
    assert style.save(some("Loss"), tmp_path / "c")[0].read_bytes() != first[0].read_bytes()


def test_what_the_files_hold(tmp_path: Path) -> None:
    drawn = some()
    drawn.set_label("A curve & more")
    svg, png = style.save(drawn, tmp_path / "curve.v2")
    assert (svg.name, png.name) == ("curve.v2.svg", "curve.v2.png")
    root = ET.parse(svg).getroot()  # noqa: S314  # our own file
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "A curve & more"
    # Text is text, and the date is left out.
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Accuracy" in words
    assert not list(root.iter("{http://purl.org/dc/elements/1.1/}date"))
    with Image.open(png) as picture:
        assert picture.size == (4 * style.DPI, 3 * style.DPI)
        # Opaque paper: text stays legible on a dark slide.
        assert np.asarray(picture.convert("RGBA"))[0, 0].tolist() == [255, 255, 255, 255]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.v2.png", "curve.v2.svg"]


def test_nothing_is_left_in_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mpl.rcParams, "font.size", 31.0)
    before = dict(mpl.rcParams)
    with style.applied():
        assert mpl.rcParams["font.size"] == style.TEXT
        # The user's settings do not reach in either.
        assert mpl.rcParams["lines.markersize"] == mpl.rcParamsDefault["lines.markersize"]
    assert dict(mpl.rcParams) == before


def test_a_figure_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ByhandError):
        style.save(some(), tmp_path / "file" / "curve")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_names_in_scripts_that_the_font_lacks(tmp_path: Path) -> None:
    svg, _ = style.save(some("数字"), tmp_path / "digits")
    assert "数字" in svg.read_text(encoding="utf-8")
    assert style.width_of("数字") > 0


def test_widths_are_those_of_the_drawn_words() -> None:
    with style.applied():
        drawn = style.figure(8, 2)
        words = {size: drawn.text(0, 0, "MaxPool2d", size=size, weight="bold") for size in (11.0, 18.0)}
        for size, word in words.items():
            found = word.get_window_extent(drawn.canvas.get_renderer()).width / drawn.dpi
            assert style.width_of("MaxPool2d", size, "bold") == pytest.approx(found, abs=0.04)


def test_threads_draw_one_after_another(tmp_path: Path) -> None:
    def draw(number: int) -> bytes:
        return style.save(some(), tmp_path / f"{number}" / "curve")[1].read_bytes()

    before = dict(mpl.rcParams)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(draw, range(16)))) == 1
    assert dict(mpl.rcParams) == before


def test_tints() -> None:
    assert style.tint("#000000", 0) == style.PAPER == "#FFFFFF"
    assert style.tint("#0072B2", 1) == "#0072B2"
    assert style.tint("#000000", 0.5) == "#808080"
