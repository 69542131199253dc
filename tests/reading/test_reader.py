"""The whole reader, on drawings of known digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import byhand
from byhand.reading import Reader, Reading
from byhand.reading.result import STAGES
from byhand.rng import generator

Array = np.ndarray[Any, Any]
Draw = Callable[..., Array]


@pytest.mark.parametrize("digit", list("0123456789"))
@pytest.mark.parametrize("single", [False, True])
def test_one_digit(reader: Reader, draw: Draw, digit: str, single: bool) -> None:
    reading = reader.read(draw(digit), single=single)
    assert reading.text == digit
    (only,) = reading.digits
    assert not only.unsure
    assert only.top[0] == (only.value, only.confidence)
    assert [share for _, share in only.top] == sorted((share for _, share in only.top), reverse=True)
    assert only.ink.shape == (28, 28)
    assert only.ink.dtype == np.uint8


@pytest.mark.parametrize("text", [*"0123456789", "17", "24", "5708"])
def test_cut_out_tightly(reader: Reader, draw: Draw, text: str) -> None:
    for high, pen in ((24, 2), (100, 8), (100, 11)):
        page = draw(text, high=high, pen=pen)
        left, top, width, height = cv2.boundingRect((page < 128).astype(np.uint8))
        tight = page[top : top + height, left : left + width]
        assert reader.read(tight).text == text
        if len(text) == 1:
            assert reader.read(255 - tight, single=True).text == text


@pytest.mark.parametrize(("high", "pen"), [(16, 1), (20, 3), (60, 1), (60, 12), (300, 2), (300, 50)])
def test_sizes_and_pens(reader: Reader, draw: Draw, high: int, pen: int) -> None:
    assert reader.read(draw("0123456789", high=high, pen=pen)).text == "0123456789"


@given(
    digit=st.sampled_from("0123456789"),
    x=st.integers(0, 150),
    y=st.integers(0, 150),
    high=st.integers(25, 140),
    inverted=st.booleans(),
)
def test_position_size_and_polarity_do_not_matter(
    reader: Reader, draw: Draw, digit: str, x: int, y: int, high: int, inverted: bool
) -> None:
    tile = draw(digit, high=high, pen=max(1, high // 15), margin=0.2)
    page = np.full((tile.shape[0] + 150, tile.shape[1] + 150), 255, np.uint8)
    page[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    assert reader.read(255 - page if inverted else page).text == digit


def shadowed(page: Array) -> Array:
    rows, columns = np.mgrid[: page.shape[0], : page.shape[1]]
    light = 0.4 + 0.6 / (1 + np.exp((columns + rows - 180) / 25))
    return np.asarray(page * light, np.uint8)


def ruled(page: Array) -> Array:
    rules = np.full_like(page, 255)
    for row in range(22, page.shape[0], 38):
        cv2.line(rules, (0, row), (page.shape[1], row + 3), 120, 2)
    return np.minimum(page, rules)


def squared(page: Array) -> Array:
    rules = np.full_like(page, 235)
    for at in range(9, max(page.shape), 22):
        cv2.line(rules, (at, 0), (at, page.shape[0]), 200, 1)
        cv2.line(rules, (0, at), (page.shape[1], at), 200, 1)
    return np.minimum(page, rules)


def noisy(page: Array) -> Array:
    return np.clip(page + generator(0, "noise").normal(0, 25, page.shape), 0, 255).astype(np.uint8)


def faint(page: Array) -> Array:
    return np.asarray(255 - 0.12 * (255 - page.astype(float)), np.uint8)


def blurred(page: Array) -> Array:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), 3))


def turned(page: Array) -> Array:
    size = (page.shape[1], page.shape[0])
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), 8, 0.9)
    return np.asarray(cv2.warpAffine(page, turn, size, borderValue=255))


@pytest.mark.parametrize("change", [shadowed, ruled, squared, noisy, faint, blurred, turned])
@pytest.mark.parametrize("text", ["2853", "40967"])
def test_photographed_paper(reader: Reader, draw: Draw, text: str, change: Callable[[Array], Array]) -> None:
    assert reader.read(change(draw(text, high=80, pen=6))).text == text


@pytest.mark.parametrize("text", ["00", "83", "25", "600"])
def test_digits_that_touch(reader: Reader, draw: Draw, text: str) -> None:
    page = draw(text, high=100, pen=8, gap=-0.03)
    count, _ = cv2.connectedComponents((page < 128).astype(np.uint8))
    assert count == 2  # the paper and all of the ink
    assert reader.read(page).text == text


@pytest.mark.parametrize("slope", [-1.0, -0.8, -0.6, -0.4, 0.4, 0.6, 0.8, 1.0])
def test_a_sloping_number(reader: Reader, draw: Draw, slope: float) -> None:
    """Drawn on a pad, no digit of it is lost."""
    high, step = 80, 84
    drop = round(abs(slope) * 4 * step)
    page = np.full((2 * high + drop, 6 * step), 255, np.uint8)
    for number, digit in enumerate("31415"):
        top = round(slope * number * step) + (drop if slope < 0 else 0)
        tile = draw(digit, high=high, pen=10)
        window = page[top : top + tile.shape[0], number * step : number * step + tile.shape[1]]
        np.minimum(window, tile, out=window)
    reading = reader.read(page)
    assert reading.text == "31415"
    assert not reading.needs_review


def test_digits_that_touch_are_read_or_need_review(reader: Reader, draw: Draw) -> None:
    """Three digits drawn into one another: few are read, and hardly one is wrong without a mark."""
    rng = generator(0, "touching")
    right = wrong = 0
    for _ in range(30):
        text = "".join(map(str, rng.integers(0, 10, 3)))
        reading = reader.read(draw(text, high=100, pen=int(rng.integers(6, 12)), gap=rng.uniform(-0.1, -0.03)))
        right += reading.text == text
        wrong += reading.text != text and not reading.needs_review
    assert right >= 15
    assert wrong <= 1


def test_broken_strokes(reader: Reader, draw: Draw) -> None:
    page = draw("5", high=120, pen=8)
    rows, columns = np.nonzero(page < 128)
    # The bar on top, separated from the rest.
    page[: rows.min() + 20, columns.min() + 18 : columns.min() + 25] = 255
    count, _ = cv2.connectedComponents((page < 128).astype(np.uint8))
    assert count == 3
    assert reader.read(page).text == "5"


def test_dirt_is_not_a_digit(reader: Reader, draw: Draw) -> None:
    page = draw("2853", high=100, pen=7)
    draws = generator(0, "dirt")
    for _ in range(25):
        x, y = (int(at) for at in draws.integers(0, page.shape[::-1]))
        cv2.circle(page, (x, y), 2, 60, -1)
    assert reader.read(page).text == "2853"


def test_empty_paper(reader: Reader) -> None:
    draws = generator(0, "paper")
    for page in (
        np.full((300, 200), 255, np.uint8),
        np.zeros((28, 28), np.uint8),
        np.clip(200 + draws.normal(0, 3, (300, 300)), 0, 255).astype(np.uint8),
        np.tile(np.linspace(80, 220, 300), (200, 1)).astype(np.uint8),
    ):
        for single in (False, True):
            reading = reader.read(page, single=single)
            assert reading.text == ""
            assert reading.digits == ()


def test_scribbles_are_unsure(reader: Reader) -> None:
    unsure = 0
    for seed in range(10):
        page = np.full((200, 200), 255, np.uint8)
        points = generator(seed, "scribble").integers(30, 170, (14, 2)).astype(np.int32)
        cv2.polylines(page, [points], False, 0, 5, cv2.LINE_AA)
        reading = reader.read(page, single=True)
        unsure += not reading.digits or reading.digits[0].unsure
    assert unsure >= 9


@pytest.mark.parametrize("runtime", ["numpy", "onnx"])
def test_every_runtime_gives_the_same(runtime: str, reader: Reader, draw: Draw) -> None:
    if runtime == "onnx":
        pytest.importorskip("onnxruntime")
    other = Reader(runtime=runtime)
    page = draw("0123456789", pen=3)
    ours, theirs = reader.read(page), other.read(page)
    assert ours.text == theirs.text
    for one, same in zip(ours.digits, theirs.digits, strict=True):
        assert one.confidence == pytest.approx(same.confidence, abs=1e-4)


def test_threads_get_the_answers_of_one_thread(reader: Reader, draw: Draw) -> None:
    """A thousand pictures in eight threads, bit for bit."""
    rng = generator(0, "threads")
    # Of ten pages nine are known to show one digit, which is faster.
    pages = [(draw("".join(map(str, rng.integers(0, 10, 1 + (n % 10 == 0)))), high=16, pen=2), n) for n in range(100)]

    def read(page: tuple[Array, int]) -> list[Any]:
        found = reader.read(page[0], single=page[1] % 10 > 0).digits
        return [(one.value, one.confidence, one.top, one.box, one.ink.tobytes()) for one in found]

    serial = [read(page) for page in pages]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read, pages * 10))
    assert sum(one != same for one, same in zip(answers, serial * 10, strict=True)) == 0


def test_the_public_face(draw: Draw) -> None:
    assert byhand.Reader is Reader
    reading = byhand.Reader().read(draw("42"))
    assert isinstance(reading, Reading)
    assert list(reading.stages) == list(STAGES)
    assert all(stage.dtype == np.uint8 for stage in reading.stages.values())
    answer = json.loads(json.dumps(reading.to_dict()))
    assert answer["text"] == "42"
    # Probabilities have four decimals, in every interface.
    for found, digit in zip(answer["digits"], reading.digits, strict=True):
        assert found["confidence"] == round(digit.confidence, 4)
        assert [one["probability"] for one in found["top"]] == [round(p, 4) for _, p in digit.top]
