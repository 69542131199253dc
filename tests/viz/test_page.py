"""Pages: one file that loads nothing, whose text stays text, whose figures turn dark and share no ids."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from byhand.errors import ByhandError
from byhand.viz import style
from byhand.viz.page import POLICY, Link, Page

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
    page.section("Second").figure(drawn(), "the same line").figure(drawn(), "pixels", dark=False)
    page.section("Third").table(
        ("name", "value"),
        [("a", 1234), (Link("b", "b/report.html"), "x")],
        align="lr",
        caption="Values",
        foot=[("c", 2)],
    )
    page.section("Fourth", level=3).pre("  kept\n    as it <is>", "a text")
    return page.section("Fifth")


def test_the_page_is_whole_and_loads_nothing() -> None:
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
    # Web addresses are XML namespaces only.
    assert set(re.findall(r"https?://[^\"'\s<)]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_the_page_works_with_a_screen_reader() -> None:
    page = Elements(full().html())
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert page.all("th")[:2] == [{"scope": "col", "class": "l"}, {"scope": "col", "class": "r"}]
    assert [head["scope"] for head in page.all("th")] == ["col", "col", "row", "row", "row"]
    drawings = [each for each in page.all("svg") if each.get("role") == "img"]
    assert [each["aria-label"] for each in drawings] == ["a line", "the same line", "pixels"]
    # What scrolls can be focused and has a name.
    regions = [each for _, each in page.found if each.get("tabindex")]
    assert len(regions) == 5
    assert all(each["role"] == "region" and each["aria-label"] for each in regions)
    # The contents link to the sections, not to subsections.
    targets = [each["href"] for each in page.all("a") if each["href"].startswith("#")]
    assert targets == [f"#{each['id']}" for each in page.all("h2")]
    assert len(targets) == 4
    assert "Fourth" in page.texts


def test_ids_are_unique_and_references_resolve() -> None:
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
    with pytest.raises(ByhandError):
        full().write(tmp_path / "file" / "page.html")


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(lambda text: text.strip())
)
def test_text_is_escaped(words: str) -> None:
    page = Page(words, words).section(words, words).table((words,), [(words,)]).pre(words, words)
    read = Elements(page.html())
    shown = re.sub(r"`([^`\n]+)`", r"\1", words)
    assert "".join(read.texts).count(shown.strip()) >= 6
    assert {tag for tag, _ in read.found} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "p", "code", "div"),
        *("table", "thead", "tbody", "tr", "th", "pre"),
    }


def test_text_of_a_figure_is_text() -> None:
    text = Page("x").figure(drawn('url(#x) id="y" <b> href="#z"'), "the <network>").html()
    assert 'aria-label="the &lt;network&gt;"' in text
    assert '>url(#x) id="y" &lt;b&gt; href="#z"</text>' in text
    assert not re.search(r"<(metadata|title|style)\b", text.partition("<body>")[2])
