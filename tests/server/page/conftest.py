"""A running lab, Chromium, and pointers that draw digits."""

from __future__ import annotations

import itertools
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"phone": (390, 844), "laptop": (1366, 768), "projector": (1920, 1080)}

Point = tuple[float, float]
Stroke = list[Point]


def arc(x: float, y: float, across: float, down: float, start: float, end: float) -> Stroke:
    """A piece of an ellipse; angles in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * i / 14) for i in range(15)]
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


# Pen strokes, in fractions of the pad's width.
DIGITS: dict[int, list[Stroke]] = {
    0: [arc(0.5, 0.5, 0.2, 0.3, -90, 270)],
    1: [[(0.42, 0.3), (0.53, 0.2), (0.53, 0.8)]],
    2: [[*arc(0.5, 0.36, 0.17, 0.16, -170, 30), (0.34, 0.78), (0.7, 0.78)]],
    3: [[*arc(0.48, 0.35, 0.17, 0.15, -150, 90), *arc(0.48, 0.65, 0.19, 0.15, -90, 150)]],
    4: [[(0.52, 0.18), (0.3, 0.56), (0.72, 0.56)], [(0.6, 0.36), (0.58, 0.82)]],
    5: [[(0.38, 0.22), (0.36, 0.46), *arc(0.48, 0.6, 0.19, 0.18, -110, 140)], [(0.38, 0.22), (0.66, 0.22)]],
    6: [[(0.6, 0.17), (0.44, 0.36), *arc(0.5, 0.63, 0.16, 0.17, 190, -180)]],
    7: [[(0.32, 0.24), (0.7, 0.24), (0.46, 0.82)]],
    8: [[*arc(0.5, 0.35, 0.14, 0.15, 90, -270), *arc(0.5, 0.66, 0.17, 0.16, -90, 270)]],
    9: [[*arc(0.5, 0.36, 0.15, 0.16, 0, -350), (0.65, 0.36), (0.62, 0.82)]],
}


def along(stroke: Stroke, step: float = 0.06) -> Iterator[Point]:
    """Points at most `step` apart."""
    yield stroke[0]
    for (x, y), (to_x, to_y) in itertools.pairwise(stroke):
        count = max(1, round(math.hypot(to_x - x, to_y - y) / step))
        yield from ((x + (to_x - x) * i / count, y + (to_y - y) * i / count) for i in range(1, count + 1))


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service as a process, with time for busy machines; its address."""
    pytest.importorskip("fastapi")
    folder = tmp_path_factory.mktemp("lab")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "BYHAND_CACHE": str(folder), "PYTHONUNBUFFERED": "1"}
    environment.pop("BYHAND_DATA", None)
    options = "serve --port 0 --no-log --seconds 300 --runs runs --train".split()  # noqa: SIM905
    words = [sys.executable, "-m", "byhand", *options]
    with subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert "http://" in line, "the service ended before it was ready"
        yield line.split()[-1]
        running.terminate()
        running.communicate(timeout=30)


# Not for the whole session: while Playwright's event loop runs, no other test can run one.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the tests of a file."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"there is no browser: none of {', '.join(NAMES)} is installed")
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, lab: str) -> Iterator[Callable[..., Any]]:
    """``open_page("phone", script="…", view="inside", color_scheme="dark")``: the lab in a new window.

    At the end no window may have had an error, or sent a request to another host.
    """
    contexts, wrong = [], []

    def opened(size: str = "laptop", *, view: str = "", script: str = "", wait: bool = True, **options: Any) -> Any:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, has_touch=size == "phone", reduced_motion="reduce", **options
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on(
            "request", lambda asked: None if asked.url.startswith((lab, "data:", "blob:")) else wrong.append(asked.url)
        )
        if script:
            page.add_init_script(script)
        page.goto(f"{lab}#{view}")
        if wait:
            page.wait_for_selector("html[data-ready]")
        return page

    opened.wrong = wrong  # type: ignore[attr-defined]
    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def position(page: Any, pad: str) -> tuple[float, float, float]:
    """Left, top and width of a pad."""
    page.locator(pad).scroll_into_view_if_needed()
    box = page.locator(pad).bounding_box()
    return box["x"], box["y"], box["width"]


@pytest.fixture(scope="session")
def draw() -> Callable[..., None]:
    """``draw(page, 7)``: with the mouse; elsewhere and in another size with ``pad``, ``at`` and ``scale``."""

    def drawn(page: Any, digit: int, pad: str = "#pad", at: Point = (0, 0), scale: float = 1) -> None:
        left, top, width = position(page, pad)
        for stroke in DIGITS[digit]:
            points = [(left + width * (at[0] + scale * x), top + width * (at[1] + scale * y)) for x, y in along(stroke)]
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point)
            page.mouse.up()

    return drawn


@pytest.fixture(scope="session")
def touch() -> Callable[[Any, int], None]:
    """``touch(page, 7)``: with a finger."""

    def touched(page: Any, digit: int) -> None:
        left, top, width = position(page, "#pad")
        finger = page.context.new_cdp_session(page)

        def send(kind: str, *points: Point) -> None:
            touches = [{"x": left + width * x, "y": top + width * y} for x, y in points]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

        for stroke in DIGITS[digit]:
            first, *others = along(stroke)
            send("touchStart", first)
            for point in others:
                send("touchMove", point)
            send("touchEnd")

    return touched


@pytest.fixture(scope="session")
def photo_of() -> Callable[[str], bytes]:
    """``photo_of("2026")``: PNG of a number, dark ink on light grey paper."""
    import io

    from PIL import Image, ImageDraw

    def made(number: str) -> bytes:
        side = 120
        picture = Image.new("RGB", (side * len(number) + 60, 220), (226, 222, 214))
        pen = ImageDraw.Draw(picture)
        for i, digit in enumerate(number):
            for stroke in DIGITS[int(digit)]:
                points = [(30 + side * (i + x), 40 + side * y) for x, y in along(stroke)]
                pen.line(points, fill=(40, 42, 60), width=10, joint="curve")
                for x, y in (points[0], points[-1]):
                    pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=(40, 42, 60))
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    return made
