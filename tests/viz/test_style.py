"""Figures: the same files every time, in one look, from any thread; labels that cover nothing; block diagrams."""

from __future__ import annotations

import colorsys
import itertools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from byhand.data import Digits
from byhand.models import zoo
from byhand.models.layers import (
    Bidirectional,
    Container,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Recurrent,
    ReLU,
    Residual,
    Standardize,
)
from byhand.models.spec import Spec
from byhand.training.recipe import load_recipe, shipped
from byhand.viz import structure, style
from byhand.viz.inside import panels
from byhand.viz.labels import MARK, label_points, spread

WEB = Path(style.__file__).parents[1] / "web"


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


def test_threads_draw_one_after_another(tmp_path: Path) -> None:
    def draw(number: int) -> bytes:
        return style.save(some(), tmp_path / f"{number}" / "curve")[1].read_bytes()

    before = dict(mpl.rcParams)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(draw, range(16)))) == 1
    assert dict(mpl.rcParams) == before


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_spread_positions_keep_their_distance_and_order(positions: list[float]) -> None:
    moved = spread(positions, 0.1)
    for one, other in itertools.combinations(range(len(moved)), 2):
        assert abs(moved[one] - moved[other]) >= 0.1 - 1e-9
        assert positions[one] == positions[other] or (positions[one] < positions[other]) == (moved[one] < moved[other])
    assert max(moved) <= 0.95
    assert min(moved) > -0.01


@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_no_other_label_and_no_mark(seed: int) -> None:
    points = [(float(x), float(y)) for x, y in np.random.default_rng(seed).random((8, 2))]
    names = [f"network-{number}" for number in range(8)]
    with style.applied():
        figure = style.figure(9.9, 5.6)
        axes = figure.add_axes((0.1, 0.1, 0.85, 0.85))
        axes.set(xlim=(0, 1), ylim=(0, 1))
        label_points(axes, points, names, [style.INK] * 8)
        boxes = [text.get_window_extent() for text in axes.texts]
    marks = axes.transData.transform(points)
    assert [text.get_text() for text in axes.texts] == names
    for index, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:index])
        assert not box.padded(MARK / 2).count_contains(marks)
        assert math.dist(np.clip(marks[index], box.min, box.max), marks[index]) < 60


def css(text: str) -> dict[str, str]:
    return {name: value.upper() for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text)}


def test_the_page_of_the_lab_has_the_colors_of_the_figures() -> None:
    sheet = (WEB / "base.css").read_text(encoding="utf-8")
    light, *dark = re.findall(r"\{[^{}]*--page:[^{}]*\}", sheet)
    colors = css(light)
    for name in ("PAPER", "INK", "MUTED", "FAINT", "BLUE", "ORANGE", "VERMILION"):
        assert colors[name.lower()] == getattr(style, name), name
    # In the dark they are lighter, and still the same colors.
    assert len(dark) == 2
    for sheet in dark:
        for name in ("blue", "orange", "vermilion"):
            hues = [colorsys.rgb_to_hls(*to_rgb(value[name]))[0] for value in (css(sheet), colors)]
            assert abs(hues[0] - hues[1]) < 0.04, name


def test_a_color_has_one_meaning() -> None:
    """Above zero is blue and below it vermilion, in figures and on the page of the lab; what is wrong is vermilion."""
    assert (style.POSITIVE, style.NEGATIVE) == (style.BLUE, style.VERMILION)
    assert to_hex(panels.signed()(0.78), keep_alpha=False).upper() == style.POSITIVE
    assert to_hex(panels.signed()(0.22), keep_alpha=False).upper() == style.NEGATIVE
    pixels, parts = ((WEB / name).read_text(encoding="utf-8") for name in ("pixels.js", "parts.css"))
    assert "fraction < 0 ? vermilion : above" in pixels
    assert "saliency[i] < 0 ? vermilion : blue" in pixels
    assert ".terms b.negative { background: var(--vermilion); }" in parts
    assert "linear-gradient(90deg, var(--vermilion), var(--paper), var(--blue))" in parts


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0.97312, 2), "97.31 %"),
        ((0.97312, 2, 0.0012), "97.31 ± 0.12 %"),
        ((0.97312, 2, math.nan), "97.31 %"),
        ((1.0, 0), "100 %"),
        ((0.97312,), "97 %"),
        ((0.9996,), "99.96 %"),
        ((0.0,), "<0.01 %"),
    ],
)
def test_a_percentage(arguments: tuple[float, ...], text: str) -> None:
    assert style.percent(*arguments) == text  # type: ignore[arg-type]


def test_percentages_are_written_by_one_function() -> None:
    source = Path(style.__file__).parents[1]
    by_hand = re.compile(r"\{100 \* [^{}]*\} %")
    # `weights.make` is below `viz`, and its text is no figure.
    elsewhere = [path for path in source.rglob("*.py") if path.name not in ("style.py", "make.py")]
    found = [str(path) for path in elsewhere if by_hand.search(path.read_text(encoding="utf-8"))]
    assert not [path for path in found if not path.endswith(("sanity.py", "trade_offs.py"))], found


SVG = "{http://www.w3.org/2000/svg}"


def of_recipe(name: str) -> Spec:
    # A frame of constant pixels, for recipes that drop them.
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    images[:, :3], images[:, :, 25:] = 0, 0
    return load_recipe(name).spec(Digits(images, None, "noise", "here"))


SPECS = {name: of_recipe(name) for name in shipped()} | {
    "normed": zoo.network("tiny-cnn", norm=True, activations="all"),
    "fourteen layers": zoo.network("mlp", hidden=(300,) * 14, dropout=0.3),
    "three recurrences, 数字, $x_1$": zoo.network("gru", depth=3, hidden=16, dropout=0.3),
    "a long title " * 20: zoo.network("softmax"),
    "other pictures": Spec(
        (Standardize(), MaxPool2d(4), Conv2d(64, 3, stride=2), Flatten(), Linear(3000), Linear(7)), input_shape=(60, 30)
    ),
}


NESTED: dict[str, tuple[Spec, list[list[str]]]] = {
    "vit": (
        zoo.network("vit", patch=7, stem=0, depth=3, dropout=0.1),
        [[]] * 3 + [["3 times", "Residual"]] * 5 + [[]] * 3,
    ),
    "both directions in a branch": (
        Spec(
            (
                Standardize(),
                Residual((Bidirectional((Recurrent("gru", 14, every=True),)), ReLU())),
                Flatten(),
                Linear(5),
            )
        ),
        [[], ["Residual", "Bidirectional"], ["Residual"], [], []],
    ),
}


@pytest.mark.parametrize("name", NESTED)
def test_layers_inside_of_layers_are_framed(name: str, legible: Callable[[Figure], None], tmp_path: Path) -> None:
    spec, frames = NESTED[name]
    drawn = structure.draw(spec, name)
    legible(drawn)
    blocks = structure.blocks(spec)
    assert [[text for _, text in block.frames] for block in blocks] == frames
    root = ET.parse(style.save(drawn, tmp_path / "x")[0]).getroot()  # noqa: S314  # our own file
    words = {str(element.text) for element in root.iter(f"{SVG}text")}
    assert {text for block in blocks for _, text in block.frames} <= words
    # What stands in a frame "3 times" is counted once.
    times = [3 if "3 times" in [text for _, text in block.frames] else 1 for block in blocks]
    assert sum(n * sum(block.counts) for n, block in zip(times, blocks, strict=True)) == spec.size


@pytest.mark.parametrize("name", SPECS)
def test_every_layer_is_there(name: str, legible: Callable[[Figure], None], tmp_path: Path) -> None:
    spec = SPECS[name]
    drawn = structure.draw(spec, name)
    legible(drawn)
    root = ET.parse(style.save(drawn, tmp_path / "x")[0]).getroot()  # noqa: S314  # our own file
    words = [str(element.text) for element in root.iter(f"{SVG}text")]
    assert f"{spec.size:,} parameters" in words
    assert name in words or words[0].endswith("…")
    blocks = structure.blocks(spec)
    titles = [title for block in blocks for title in (block.layer and block.layer.title(), *block.attached)]
    leaves = [entry.title for entry in spec.entries if not isinstance(entry.layer, Container)]
    assert {*titles[1:]} == {*leaves}
    if not any(block.frames for block in blocks):
        assert titles[1:] == leaves
        assert sum(sum(block.counts) for block in blocks) == spec.size
    for block in blocks:
        assert {word for word in (*block.words, *block.attached) if word} <= {*words}
        assert "×".join(map(str, block.shape)) in block.words
