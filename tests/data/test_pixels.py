"""The one rule for arrays: what their type and range say they are, at every entrance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import byhand
from byhand.data.pixels import FAINTEST, as_pixels, grey_levels
from byhand.hands import HANDS, build
from byhand.models import zoo

LEVELS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


def test_uint8_is_taken_as_it_is() -> None:
    for array in (LEVELS, LEVELS // 255, LEVELS * 0):
        assert as_pixels(array) is array


@pytest.mark.parametrize("kind", ["int8", "int16", "int64", "uint32", "float16", "float32", "float64", "bool"])
def test_every_type_and_scale(kind: str) -> None:
    mask = (LEVELS > 127).astype(kind)
    assert np.array_equal(grey_levels(mask), np.where(LEVELS > 127, 255, 0))
    assert grey_levels(mask * 0).any() == False  # noqa: E712
    if kind in ("bool", "int8"):
        return
    assert np.array_equal(grey_levels(LEVELS.astype(kind)), LEVELS)
    if kind.startswith("float"):
        scaled = LEVELS.astype(kind) / 255
        assert np.array_equal(grey_levels(scaled), LEVELS)
        assert as_pixels(scaled).dtype == ("float64" if kind == "float64" else "float32")


@given(st.floats(0, 1), st.sampled_from([1.0, 255.0]))
def test_fractions_are_kept(value: float, top: float) -> None:
    pixels = as_pixels(np.array([value * top, top]))
    assert pixels[0] == pytest.approx(value * 255, rel=1e-12, abs=1e-300)


def test_the_range_is_that_of_the_whole_array() -> None:
    batch = np.stack([LEVELS[0] / 255.0 * 255.0, LEVELS[0] * 0.0, LEVELS[0] / 255.0])
    assert np.array_equal(as_pixels(batch), batch)


def test_a_rounding_outside_the_range() -> None:
    assert as_pixels(np.array([-1e-7, 1 + 1e-7])) == pytest.approx([0, 255], abs=1e-3)
    assert grey_levels(np.array([-1e-4, 255 + 1e-4])).tolist() == [0, 255]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([0.0, np.nan], "not_finite"),
        ([0.0, np.inf], "not_finite"),
        ([-np.inf, 1.0], "not_finite"),
        ([-0.42, 2.82], "out_of_range"),
        ([-1.0, 1.0], "out_of_range"),
        ([0.0, 256.0], "out_of_range"),
        ([0, 256], "out_of_range"),
        ([-1, 3], "out_of_range"),
        ([0.0, 1.01], "ambiguous"),
        ([0.0, float(FAINTEST)], "ambiguous"),
        (["0", "1"], "wrong_type"),
        ([1j], "wrong_type"),
        ([None], "wrong_type"),
    ],
)
def test_refused(values: list[Any], code: str, refused: Callable[[str], Any]) -> None:
    with refused(f"pixels.{code}"):
        as_pixels(np.array(values))


# Every entrance.


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    rng = np.random.default_rng(0)
    drawn: np.ndarray = rng.integers(0, 256, (4, 28, 28), dtype=np.uint8)
    return drawn


LABELS = np.array([0, 1, 2, 3])
WRONG = {
    "not_finite": lambda images: np.where(images > 250, np.nan, images / 255),
    "out_of_range": lambda images: (images / 255 - 0.1307) / 0.3081,
    "ambiguous": lambda images: images / 16,
}


def in_a_hand(hand: str, way: str) -> Callable[[np.ndarray], Any]:
    network = build(zoo.network("tiny-cnn", channels=(2, 2), hidden=4), hand, dtype="float64")
    if way == "loss_and_gradient":

        def trained(images: Any) -> Any:
            loss = network.loss_and_gradient(images, LABELS)
            return np.concatenate([[loss], *(part.ravel() for part in network.gradients().values())])

        return trained
    if way == "prepared":
        return lambda images: network.loss_and_gradient(network.prepared(images), LABELS)
    if way == "activations":
        return lambda images: np.concatenate([part.ravel() for part in network.activations(images).values()])
    return network.logits


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("way", ["logits", "loss_and_gradient", "prepared", "activations"])
def test_every_hand(hand: str, way: str, images: np.ndarray, refused: Callable[[str], Any]) -> None:
    if hand in ("tensor", "torch"):
        pytest.importorskip("torch")
    ask = in_a_hand(hand, way)
    expected = ask(images)
    for other in (images / 255, images / np.float32(255), images.astype(float), images.astype(np.int64)):
        assert ask(other) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    # A picture so faint that it would be taken for another one if it were judged twice.
    faint = np.full_like(images, 1)
    assert ask(faint / 255) == pytest.approx(ask(faint), rel=1e-4, abs=1e-5)
    for code, wrong in WRONG.items():
        with refused(f"pixels.{code}"):
            ask(wrong(images))


def test_labels(images: np.ndarray, refused: Callable[[str], Any]) -> None:
    network = build(zoo.network("softmax"))
    for labels in (LABELS[:1], LABELS[:, None], LABELS - 1, LABELS + 7, LABELS.astype(float), LABELS.astype(str)):
        with refused("hands.labels"):
            network.loss_and_gradient(images, labels)


@pytest.mark.parametrize("runtime", ["fast", "numpy", "onnx"])
def test_the_readers_batch(runtime: str, images: np.ndarray, refused: Callable[[str], Any]) -> None:
    if runtime == "onnx":
        pytest.importorskip("onnxruntime")
    reader = byhand.Reader(runtime=runtime)
    expected = reader.probabilities(images)
    assert np.array_equal(reader.probabilities(images / 255), expected)
    for code, wrong in WRONG.items():
        with refused(f"pixels.{code}"):
            reader.probabilities(wrong(images))


def test_look(images: np.ndarray, refused: Callable[[str], Any]) -> None:
    network = byhand.load_network("lstm")
    for name in ("answer", "evidence", "gates"):
        view = getattr(byhand.look, name)  # type: ignore[attr-defined]
        shown = [view(network, image) for image in (images[0], images[0] / 255)]
        for one, other in zip(*(figure.axes for figure in shown), strict=True):
            for drawn, same in zip(one.images, other.images, strict=True):
                assert np.array_equal(drawn.get_array(), same.get_array(), equal_nan=True), name
            assert [text.get_text() for text in one.texts] == [text.get_text() for text in other.texts]
        for code, wrong in WRONG.items():
            with refused(f"pixels.{code}"):
                view(network, wrong(images)[0])


def test_files(images: np.ndarray, tmp_path: Path, refused: Callable[[str], Any]) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, x_train=images / 255, y_train=LABELS)
    assert np.array_equal(byhand.data.read(path).train.images, images)  # type: ignore[attr-defined]
    for code, wrong in WRONG.items():
        np.savez(path, x_train=wrong(images), y_train=LABELS)
        with refused(f"pixels.{code}"):
            byhand.data.read(path)  # type: ignore[attr-defined]
