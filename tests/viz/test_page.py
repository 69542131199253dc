"""Pages: one file that asks for nothing, whose words stay words, whose figures turn dark and share no names."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from byhand.errors import ByhandError
from byhand.models import zoo
from byhand.viz import structure, style
from byhand.viz import svg as inline
from byhand.viz.page import POLICY, Link, Page
from byhand.viz.run.confusion import STRONGEST

EMPTY = {"meta", "img", "br", "path", "use", "rect", "image", "line"}


class Elements(HTMLParser):
    """Every element with its attributes and the text in it; fails where ends do not match beginnings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.found if name == tag]


def drawn(title: str = "a title") -> Figure:
    with style.applied():
        figure = style.figure(4, 3)
        axes = figure.add_subplot()
        axes.plot((0, 1), (0, 1), "o-", color=style.BLUE, clip_on=True)
        axes.bar((0, 1), (0.2, 0.3), color=style.tint(style.ORANGE, 0.3))
        axes.imshow(np.eye(5), extent=(0, 1, 0, 1), interpolation="none")
        axes.set_title(title)
    return figure


def full() -> Page:
    page = Page("A title & more", "The lead.\nGoes on.")
    page.facts([("accuracy", "97.5 %"), ("seconds", "3")])
    page.section("First", "One paragraph.\n\nAnother with `code`.").figure(drawn(), "a line", "Its caption.")
    page.section("Second").figure(drawn(), "the same line").figure(drawn(), "as pixels", picture="png")
    page.section("Third").table(
        ("name", "value"),
        [("a", 1234), (Link("b", "b/report.html"), "x")],
        align="lr",
        caption="Values",
        foot=[("c", 2)],
    )
    page.section("Fourth", level=3).pre("  kept\n    as it <is>", "a text")
    return page.section("Fifth")


def test_the_page_is_whole_and_asks_for_nothing() -> None:
    text = full().html()
    assert text.startswith("<!DOCTYPE html>")
    page = Elements(text)
    assert {"http-equiv": "Content-Security-Policy", "content": POLICY} in page.all("meta")
    assert POLICY == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert not page.all("script")
    assert not page.all("link")
    for _, attributes in page.found:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,", "b/report.html"))
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    # Where there are addresses of the web, they name the language of a drawing.
    assert set(re.findall(r"https?://[^\"'\s<)]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_page_can_be_read_aloud() -> None:
    page = Elements(full().html())
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert page.all("th")[:2] == [{"scope": "col", "class": "l"}, {"scope": "col", "class": "r"}]
    assert [head["scope"] for head in page.all("th")] == ["col", "col", "row", "row", "row"]
    drawings = [each for each in page.all("svg") if each.get("role") == "img"]
    assert [each["aria-label"] for each in drawings] == ["a line", "the same line"]
    assert page.all("img")[0]["alt"] == "as pixels"
    # What scrolls can be reached by the keyboard and has a name.
    regions = [each for _, each in page.found if each.get("tabindex")]
    assert len(regions) == 5
    assert all(each["role"] == "region" and each["aria-label"] for each in regions)
    # The list of sections leads to sections; parts of sections are not in it.
    targets = [each["href"] for each in page.all("a") if each["href"].startswith("#")]
    assert targets == [f"#{each['id']}" for each in page.all("h2")]
    assert len(targets) == 4
    assert "Fourth" in page.texts


def test_names_are_each_there_once_and_all_that_are_used_are_there() -> None:
    text = full().html()
    names = [each["id"] for _, each in Elements(text).found if "id" in each]
    assert len(names) == len(set(names)) > 20
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", text))
    assert {one or other for one, other in used} <= set(names)


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "page.html"
    assert full().write(path) == path
    assert path.read_bytes() == full().html().encode()
    (tmp_path / "file").touch()
    with pytest.raises(ByhandError, match="cannot be written"):
        full().write(tmp_path / "file" / "page.html")


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(lambda text: text.strip())
)
def test_words_stay_words(words: str) -> None:
    page = Page(words, words).section(words, words).table((words,), [(words,)]).pre(words, words)
    read = Elements(page.html())
    shown = re.sub(r"`([^`\n]+)`", r"\1", words)
    assert "".join(read.texts).count(shown.strip()) >= 6
    assert {tag for tag, _ in read.found} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "p", "code", "div"),
        *("table", "thead", "tbody", "tr", "th", "pre"),
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda page: page.table(("a", "b"), [("1",)]),
        lambda page: page.table(("a", "b"), [], align="l"),
        lambda page: page.table(("a",), [], align="x"),
        lambda page: page.figure(drawn(), "x", picture="gif"),
    ],
)
def test_mistakes_of_ours_are_told(make: Any) -> None:
    with pytest.raises(ValueError, match=r"columns|cells|becomes"):
        make(Page("x"))


def test_pixels_are_those_of_the_figure() -> None:
    (image,) = Elements(Page("x").figure(drawn(), "x", picture="png").html()).all("img")
    png = base64.b64decode(image["src"].partition(",")[2])
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size == (4 * style.DPI, 3 * style.DPI)


# Light and dark.


def lightness(colour: str) -> float:
    """CIE L* of a colour, apart from OKLab, by which ours are made."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(colour.lstrip("#")[place : place + 2], 16) / 255 for place in (0, 2, 4))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    low, high = sorted((lightness(one), lightness(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_figure_follows_the_page() -> None:
    text = Page("x").figure(drawn(), "x").html()
    body = text.partition("</style>")[2]
    assert "var(--page)" in body
    assert f"var(--c{style.BLUE[1:].lower()})" in body
    assert not re.search(r"(fill|stroke): ?#", body)
    light, dark = re.findall(r":root\{(--c[^}]+)\}", text)
    assert dict(re.findall(r"--c(\w+):#(\w+)", light)) == {name: name for name in re.findall(r"--c(\w+):", light)}
    assert re.findall(r"--c(\w+):", dark) == re.findall(r"--c(\w+):", light)
    assert "@media screen and (prefers-color-scheme:dark){:root{--c" in text
    still = Page("x").figure(drawn(), "x", follows=False).html().partition("</style>")[2]
    assert "var(" not in still
    assert 'class="frame paper"' in still


@pytest.mark.parametrize("name", ["INK", "MUTED"])
def test_words_can_be_read_in_the_dark(name: str) -> None:
    colour, paper = getattr(style, name), inline.darkened(style.PAPER[1:])
    assert contrast(colour, style.PAPER) > 4.5
    assert contrast(inline.darkened(colour[1:]), paper) > 4.5
    # And on tints that carry words.
    for base in (style.VERMILION, style.GREY, style.BLUE, style.GREEN, style.ORANGE):
        tint = style.tint(base, {"INK": STRONGEST if base == style.VERMILION else 0.4, "MUTED": 0.15}[name])
        assert contrast(colour, tint) > 4.5
        assert contrast(inline.darkened(colour[1:]), inline.darkened(tint[1:])) > 4.5, base


@given(st.integers(0, 255))
def test_greys_stay_grey_and_turn_around(level: int) -> None:
    grey = f"{level:02x}" * 3
    dark = inline.darkened(grey)
    assert max(int(dark[place : place + 2], 16) for place in (1, 3, 5)) - int(dark[1:3], 16) <= 1
    if level < 255:
        assert lightness(dark) >= lightness(inline.darkened(f"{level + 1:02x}" * 3))


def test_hues_stay() -> None:
    import colorsys

    for colour in (style.BLUE, style.ORANGE, style.GREEN, style.VERMILION):
        hues = [
            colorsys.rgb_to_hls(*(int(one[place : place + 2], 16) / 255 for place in (1, 3, 5)))[0]
            for one in (colour, inline.darkened(colour[1:]))
        ]
        assert abs(hues[0] - hues[1]) < 0.04, colour


def test_a_structure_as_part_of_a_page() -> None:
    text = inline.svg(structure.draw(zoo.network("lstm"), "lstm, <b>"), "the <network>", "n-")
    assert text.startswith("<svg")
    assert 'aria-label="the &lt;network&gt;"' in text
    assert "lstm, &lt;b&gt;" in text
    # What looks like a style in a figure's words is none.
    colours: set[str] = set()
    assert ">fill: #123456</text>" in inline.svg(drawn("fill: #123456"), "x", "n-", colours)
    assert style.BLUE[1:].lower() in colours
    assert "123456" not in colours
    assert not re.search(r"<(metadata|title|style)\b", text)
