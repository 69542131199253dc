"""The page's files, accessibility, themes and layout."""

from __future__ import annotations

import html.parser
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

PAGE = Path(__file__).parents[3] / "src" / "byhand" / "web"
VIEWS = ("compare", "inside/lstm", "numbers", "challenge", "training")
Window = Callable[..., Any]


class Tags(html.parser.HTMLParser):
    """All elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def tags() -> list[tuple[str, dict[str, str | None]]]:
    return Tags((PAGE / "index.html").read_text(encoding="utf-8")).seen


def test_the_page_is_small() -> None:
    assert sum(path.stat().st_size for path in PAGE.iterdir()) < 250_000


def test_nothing_inline_and_nothing_from_other_hosts() -> None:
    for tag, attributes in tags():
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        for name in ("src", "href"):
            assert not re.match(r"[a-z]+:|//", attributes.get(name) or "")
    for path in PAGE.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", text), path
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xhtml",
        }


def test_every_file_is_used_and_exists() -> None:
    named = {attributes.get(name) for _, attributes in tags() for name in ("src", "href")}
    used = {"index.html", *(name for name in named if name and not name.startswith("#"))}
    for path in PAGE.glob("*.js"):
        used |= set(re.findall(r"from \"\./([\w.]+)\"", path.read_text(encoding="utf-8")))
    assert used == {path.name for path in PAGE.iterdir()}


def test_ids_are_unique_and_labels_refer_to_them() -> None:
    ids = [attributes["id"] for _, attributes in tags() if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags():
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attributes.get(name) is None or attributes[name] in ids


@pytest.fixture(scope="module")
def trained(lab: str) -> None:
    """A training that is done."""
    body = json.dumps({"recipe": "softmax", "epochs": 1, "digits": "embedded"}).encode()
    started = Request(f"{lab}v1/trainings", body, {"content-type": "application/json"})  # noqa: S310
    with urlopen(started) as answer:  # noqa: S310
        name = json.load(answer)["id"]
    for _ in range(600):
        with urlopen(f"{lab}v1/trainings/{name}") as answer:  # noqa: S310
            content = json.load(answer)
        if content["state"] != "running" and content["confusion"]:
            return
        time.sleep(0.2)
    raise AssertionError(content["state"])


@pytest.mark.slow
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("laptop", "light")])
def test_axe_finds_nothing(open_page: Window, draw: Callable[..., None], size: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(size, color_scheme=scheme)
    draw(page, 5)
    page.wait_for_function("() => document.querySelector('#status').textContent !== ''")
    for view in VIEWS:
        page.evaluate("view => { location.hash = view; }", view)
        if view == "training":
            page.locator(".confusion").wait_for()
        page.wait_for_timeout(150)
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert not [(view, each["id"], [node["html"] for node in each["nodes"]]) for each in found]
        # The page fits the width of the window.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


@pytest.mark.slow
def test_the_layout_is_stable(open_page: Window, draw: Callable[..., None]) -> None:
    watch = """window.shift = 0; new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });"""
    page = open_page(script=watch)
    draw(page, 6)
    page.wait_for_function("() => document.querySelector('#stages img') !== null")
    page.wait_for_timeout(300)
    assert page.evaluate("shift") < 0.02


@pytest.mark.slow
def test_views_have_addresses_and_work_by_keyboard(open_page: Window) -> None:
    page = open_page()
    for name, view in (
        ("Look inside", "inside"),
        ("Numbers", "numbers"),
        ("Challenge", "challenge"),
        ("Draw", "compare"),
    ):
        page.get_by_role("link", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        page.locator(f"#{view}").wait_for()
        assert page.url.endswith(f"#{view}")
        assert page.title().startswith(name)
        assert page.locator("[aria-current=page]").inner_text() == name
    page.go_back()
    page.locator("#challenge").wait_for()


@pytest.mark.slow
def test_light_and_dark_can_be_chosen(open_page: Window) -> None:
    page = open_page(color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Toggle dark mode").click()
    dark = page.evaluate(paper)
    assert light != dark
    page.reload()
    assert page.evaluate(paper) == dark


@pytest.mark.slow
def test_reduced_motion_is_honoured(open_page: Window) -> None:
    page = open_page()
    moving = "getComputedStyle(document.querySelector('.bars i')).transitionDuration"
    assert page.evaluate(moving) == "0s"
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) != "0s"
