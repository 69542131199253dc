"""Drawing with mouse, finger, pen and keys; results are never stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow
Window = Callable[..., Any]


def says(page: Any, text: str) -> None:
    """Wait for the reader's prediction."""
    page.wait_for_function("text => document.querySelector('#answer').textContent === text", arg=text)


@pytest.mark.parametrize(("size", "pointer"), [("laptop", "draw"), ("phone", "touch")])
def test_ten_digits(open_page: Window, request: pytest.FixtureRequest, size: str, pointer: str) -> None:
    page, write = open_page(size), request.getfixturevalue(pointer)
    for digit in range(10):
        write(page, digit)
        says(page, f"{digit}")
        assert page.evaluate("scrollY") == 0
        page.get_by_role("button", name="Clear").first.click()
        says(page, "–")


def test_keys_alone(open_page: Window) -> None:
    page = open_page()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "pad":
            break
    assert page.evaluate("document.activeElement.id") == "pad"
    # A seven: from left to right, then diagonally with two keys at once.
    for key in ["ArrowLeft"] * 8 + ["Space"] + ["ArrowRight"] * 15:
        page.keyboard.press(key)
    page.keyboard.down("ArrowLeft")
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    page.keyboard.up("ArrowLeft")
    for key in ["ArrowDown"] * 14 + ["Space"]:
        page.keyboard.press(key)
    says(page, "7")
    page.keyboard.press("ArrowUp")  # the pen is up
    page.keyboard.press("Backspace")
    says(page, "–")
    page.keyboard.press("Tab")
    # Nothing is left to undo: the next control is the picture button.
    assert page.evaluate("document.activeElement.dataset.do") == "pick"


def test_undo_takes_back_a_stroke(open_page: Window, draw: Callable[..., None]) -> None:
    page = open_page()
    tools = page.get_by_role("group", name="Drawing tools")
    draw(page, 1)
    says(page, "1")
    one = page.evaluate("document.querySelector('#pad').toDataURL()")
    draw(page, 0)
    assert page.evaluate("document.querySelector('#pad').toDataURL()") != one
    tools.get_by_role("button", name="Undo").click()
    assert page.evaluate("document.querySelector('#pad').toDataURL()") == one
    says(page, "1")
    tools.get_by_role("button", name="Undo").click()
    assert tools.get_by_role("button", name="Undo").is_disabled()
    says(page, "–")


# Every response of /v1/see waits at a gate, and requests are never aborted, as on a slow network.
GATES = """
const real = window.fetch;
window.gates = []; window.flying = 0; window.most = 0;
window.fetch = async (path, options = {}) => {
  if (!`${path}`.includes('v1/see')) return real(path, options);
  window.flying += 1; window.most = Math.max(window.most, window.flying);
  const answer = await real(path, { ...options, signal: undefined });
  await new Promise((open) => window.gates.push(open));
  window.flying -= 1;
  return answer;
};
"""


def test_results_of_a_cleared_drawing_are_never_shown(open_page: Window, draw: Callable[..., None]) -> None:
    page = open_page(script=GATES)
    page.evaluate("""() => { window.shown = [];
        new MutationObserver(() => shown.push(document.querySelector('#answer').textContent))
            .observe(document.querySelector('#answer'), { childList: true }); }""")
    draw(page, 1)
    page.wait_for_function("() => gates.length === 1")
    page.get_by_role("button", name="Clear").first.click()
    draw(page, 0)
    page.wait_for_function("() => gates.length === 2")
    page.evaluate("gates[1]()")
    # The strokes after the second request are requested next.
    page.wait_for_function("() => gates.length === 3")
    page.evaluate("gates[2]()")
    says(page, "0")
    page.evaluate("gates[0]()")
    page.wait_for_timeout(200)
    says(page, "0")
    assert "1" not in page.evaluate("shown")


def test_one_request_at_a_time(open_page: Window, draw: Callable[..., None]) -> None:
    page = open_page(script=GATES)
    draw(page, 8)
    page.wait_for_function("() => gates.length === 1")
    # The rest was drawn during the first request.
    page.evaluate("gates[0]()")
    page.wait_for_function("() => gates.length === 2")
    page.evaluate("gates[1]()")
    says(page, "8")
    page.wait_for_timeout(200)
    assert page.evaluate("[gates.length, most]") == [2, 1]


def test_a_busy_service_is_retried(open_page: Window, draw: Callable[..., None]) -> None:
    page = open_page()
    problem = '{"title": "Too Many Requests", "status": 429, "detail": "All threads are busy; try again."}'
    busy = {"status": 429, "body": problem, "content_type": "application/problem+json"}
    page.route("**/v1/see*", lambda route: route.fulfill(**busy))
    draw(page, 1)
    page.get_by_role("alert").get_by_text("try again").wait_for()
    page.unroute("**/v1/see*")
    says(page, "1")
    assert page.locator("#notice").text_content() == ""
    # The browser itself logs failed requests.
    assert all("429" in said for said in open_page.wrong)
    open_page.wrong.clear()
