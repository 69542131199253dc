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
