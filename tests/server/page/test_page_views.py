"""The views: networks side by side, inside a network, hands, whole numbers, challenge, training."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest
from PIL import Image

from byhand import weights
from byhand.viz.style import percent

pytestmark = pytest.mark.slow
Window = Callable[..., Any]


def ask(url: str, body: Any = None) -> Any:
    """The service's response."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"content-type": "application/json"})) as answer:  # noqa: S310
        return json.load(answer)


def numbers_of(text: str) -> list[float]:
    return [float(number.replace("−", "-").replace(" ", "")) for number in re.findall(r"[+−]?\s?\d+\.\d+", text)]


@pytest.fixture
def seen(open_page: Window, draw: Callable[..., None]) -> Callable[..., tuple[Any, Any]]:
    """``seen(digit, view)``: a page with the digit drawn, and the last answer of ``/v1/see``."""

    def opened(digit: int, view: str = "", size: str = "laptop") -> tuple[Any, Any]:
        page, answers = open_page(size, view=view), []
        page.on("response", lambda answer: answers.append(answer) if "/v1/see" in answer.url else None)
        draw(page, digit)
        # The status for screen readers follows after a pause.
        page.wait_for_function("() => document.querySelector('#status').textContent !== ''")
        return page, answers[-1].json()

    return opened


def test_percentages_are_those_of_the_figures(open_page: Window) -> None:
    values = [0, 0.00004, 0.0003, 0.004, 0.05, 0.5, 0.973, 0.996, 0.9996, 0.99996, 1]
    script = "async (values) => { const { percent } = await import('./dom.js'); return values.map((v) => percent(v)); }"
    assert open_page().evaluate(script, values) == [percent(value) for value in values]


def test_every_network_side_by_side(seen: Callable[..., tuple[Any, Any]], lab: str) -> None:
    page, sight = seen(3)
    about = {network["name"]: network for network in ask(f"{lab}v1/networks")["networks"]}
    rows = page.locator(".networks tbody tr")
    assert rows.count() == len(sight["networks"]) == len(about)
    for row, network in zip(rows.all(), sight["networks"], strict=True):
        text = row.inner_text()
        assert network["name"] in text
        assert f"{about[network['name']]['parameters']:,}" in text
        assert f"{about[network['name']]['test_accuracy'] * 100:.2f} %" in text
        assert row.locator(".answer").inner_text().startswith(f"{network['value']}")
        assert row.locator(".chance").inner_text() == percent(network["probabilities"][network["value"]])
        heights = row.locator(".bars i").evaluate_all("bars => bars.map((bar) => bar.getBoundingClientRect().height)")
        assert max(range(10), key=heights.__getitem__) == network["value"]
    assert page.locator("#compare .verdict strong").inner_text() == f"All {len(about)} networks say 3"
    assert page.locator("#status").inner_text().startswith("The reader says 3")
    stages = page.locator("#stages img")
    stages.first.wait_for()
    assert stages.evaluate_all("all => all.every((picture) => picture.complete && picture.naturalWidth > 0)")


def test_a_recurrent_network_row_by_row(seen: Callable[..., tuple[Any, Any]], lab: str) -> None:
    page, sight = seen(3, "inside/elman")
    steps = ask(f"{lab}v1/networks/elman/activations?hand=fast", {"pixels": sight["input"]})["steps"]["probabilities"]
    said, slider = page.locator("[data-part=steps] output"), page.get_by_role("slider", name="Rows read")

    def expected(row: int) -> str:
        chances = steps[row - 1]
        return f"row {row}: says {chances.index(max(chances))} ({percent(max(chances))})"

    page.wait_for_function(f"() => document.querySelector('[data-part=steps] output').textContent === {expected(28)!r}")
    state = "document.querySelector('[data-part=steps] canvas[aria-label^=\"The hidden\"]').toDataURL()"
    whole = page.evaluate(state)
    slider.fill("12")
    assert said.inner_text() == expected(12) == slider.get_attribute("aria-valuetext")
    assert page.evaluate(state) != whole
    slider.press("ArrowRight")
    assert said.inner_text() == expected(13)
    slider.fill("24")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    assert said.inner_text() == expected(28)
    assert page.evaluate(state) == whole


@pytest.mark.parametrize(("network", "layer"), [("mlp", "Linear1"), ("mlp", "Linear2"), ("conv5x5", "Conv2d2")])
def test_inputs_of_a_unit(seen: Callable[..., tuple[Any, Any]], lab: str, network: str, layer: str) -> None:
    page, sight = seen(5, f"inside/{network}")
    values = next(
        each
        for each in ask(f"{lab}v1/networks/{network}/activations?hand=fast", {"pixels": sight["input"]})["layers"]
        if each["name"] == layer
    )
    units = page.locator(f"[data-layer={layer}] canvas")
    units.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        units.press(key)
    assert units.get_attribute("aria-valuenow") == "2"
    own = values["values"][2 :: values["shape"][-1]]
    largest = own[0] if len(values["shape"]) == 1 else max(own)
    page.locator("#unit-inputs .sum").wait_for()
    terms, bias, total = numbers_of(page.locator("#unit-inputs .sum").inner_text())
    assert terms + bias == pytest.approx(total, abs=0.02)
    assert total == pytest.approx(largest, abs=0.006)
    # Weights × inputs are the value up to a bias, and biases are small.
    assert abs(bias) < 1


def test_a_picture_of_a_number(open_page: Window, photo_of: Callable[[str], bytes]) -> None:
    page = open_page(view="numbers")
    said = "text => document.querySelector('#text').textContent === text"
    with page.expect_file_chooser() as chooser:
        page.locator("#numbers").get_by_role("button", name="Picture").click()
    chooser.value.set_files({"name": "year.png", "mimeType": "image/png", "buffer": photo_of("2026")})
    page.wait_for_function(said, arg="2026")
    assert page.locator(".digits tbody tr").count() == 4
    empty = "document.querySelector('#boxes').toDataURL()"
    boxes = page.evaluate(empty)
    for event, number in (("paste", "71"), ("drop", "305")):
        page.evaluate(
            """([event, picture]) => {
              const bytes = Uint8Array.from(atob(picture), (sign) => sign.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], 'number.png', { type: 'image/png' }));
              document.querySelector('#slate').dispatchEvent(event === 'paste'
                ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
                : new DragEvent('drop', { dataTransfer: data, bubbles: true }));
            }""",
            [event, base64.b64encode(photo_of(number)).decode()],
        )
        page.wait_for_function(said, arg=number)
    assert page.evaluate(empty) != boxes
    page.locator("#numbers").get_by_role("button", name="Clear").click()
    assert page.locator("#text").inner_text() == "–"
    page.locator("#file").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    page.wait_for_function("() => document.querySelector('#notice').textContent !== ''")


def test_ink_in_no_digit_is_said(open_page: Window, photo_of: Callable[[str], bytes]) -> None:
    page = open_page(view="numbers")
    with Image.open(io.BytesIO(photo_of("2026"))) as photo:
        edge = photo.convert("L")
    edge.paste(20, (edge.width - 12, 0, edge.width, edge.height))
    file = io.BytesIO()
    edge.save(file, "PNG")
    page.locator("#file").set_input_files({"name": "edge.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_function("() => document.querySelector('#text').textContent === '2026'")
    assert "in no digit: ink along the border" in page.locator("#text-note").inner_text()


def test_challenge_keeps_drawings_in_this_tab(open_page: Window, draw: Callable[..., None]) -> None:
    page = open_page(view="challenge")

    def disagree(route: Any) -> None:
        answer = route.fetch()
        content = answer.json()
        for place, network in enumerate(content["networks"]):
            value = 1 if place else 9
            network |= {"value": value, "probabilities": [float(digit == value) for digit in range(10)]}
        route.fulfill(response=answer, json=content)

    page.route("**/v1/see*", disagree)
    draw(page, 1)
    gallery = page.locator("#gallery button")
    gallery.first.wait_for()
    assert gallery.first.inner_text().startswith("1 1 1 1 1 1 1 9")
    assert page.locator("#challenge .votes .other").inner_text() == "9"
    # The entropy of 1/8 and 7/8.
    assert page.locator("#bits").inner_text() == "0.54 bits"
    page.reload()
    gallery.first.click()
    page.wait_for_function("() => document.querySelector('#answer').textContent === '1'")
    page.wait_for_timeout(600)
    assert gallery.count() == 1
    page.get_by_role("button", name="Delete all").click()
    assert gallery.count() == 0


def test_a_training(open_page: Window) -> None:
    page = open_page(view="training")
    page.get_by_label("Recipe").select_option("softmax")
    page.get_by_label("Epochs").fill("2")
    page.get_by_role("button", name="Start").click()
    page.locator(".progress").get_by_text("done, 2 of 2 epochs").wait_for(timeout=300_000)
    assert re.search(r"\d\d\.\d\d %", page.locator(".progress").inner_text())
    page.wait_for_function("() => document.querySelector('.filters').width > 100")
    right = [int(text) for text in page.locator(".confusion td").all_inner_texts() if text.strip().isdigit()]
    assert sum(right) > 100
    assert page.locator(".chart .dot").count() == 2
    assert page.get_by_role("button", name="Stop").is_hidden()


def test_the_curve_of_a_run_without_validation_digits(open_page: Window) -> None:
    """Defect: an error on the page; it has only training's loss and accuracy."""
    log = [{"train_loss": 2.5, "train_accuracy": 0.41, "val_loss": None, "val_accuracy": None}] * 2
    draw = """async (log) => {
        const { curve, shownSplit } = await import("/chart.js");
        return [curve(log, 2).getAttribute("aria-label"), shownSplit(log)[1]];
    }"""
    assert open_page().evaluate(draw, log) == ["After epoch 2: accuracy 41.00 %, loss 2.50", "training"]


@pytest.mark.skipif("vit" not in weights.names(), reason="the vision transformer is not trained yet")
def test_attention_of_a_patch(seen: Callable[..., tuple[Any, Any]], lab: str) -> None:
    page, sight = seen(3, "inside/vit")
    found = ask(f"{lab}v1/networks/vit/activations?hand=fast", {"pixels": sight["input"]})["attention"]
    drawing, heads = page.get_by_role("slider", name="The part that looks"), page.locator(".heads figure")
    page.wait_for_function("() => document.querySelectorAll('.heads figure').length > 0")
    assert heads.count() == sum(len(layer["heads"]) for layer in found["layers"])
    # At first the patch that the class rests on most.
    most = max(range(49), key=found["relevance"].__getitem__)
    assert drawing.get_attribute("aria-valuetext") == f"patch {most + 1} of 49"
    drawing.press("Home")
    for _ in range(3):
        drawing.press("ArrowDown")
    drawing.press("ArrowRight")
    assert drawing.get_attribute("aria-valuetext") == "patch 23 of 49"
    head = found["layers"][1]["heads"][2]
    largest = max(head["values"][22 * 49 : 23 * 49]) / 255 * head["high"]
    at = len(found["layers"][0]["heads"]) + 2
    assert heads.nth(at).locator("figcaption").inner_text() == f"head 3, up to {percent(largest)}"
    before = heads.nth(at).locator("canvas").evaluate("canvas => canvas.toDataURL()")
    box = drawing.bounding_box()
    page.mouse.move(box["x"] + 0.93 * box["width"], box["y"] + 0.93 * box["height"])
    assert drawing.get_attribute("aria-valuetext") == "patch 49 of 49"
    assert heads.nth(at).locator("canvas").evaluate("canvas => canvas.toDataURL()") != before
