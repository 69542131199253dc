"""The parts of the service that stand alone."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given

from byhand.errors import ByhandError
from byhand.hands import build
from byhand.models.layers import BatchNorm2d, Conv2d, Flatten, Linear, ReLU, Select, Standardize
from byhand.models.spec import Spec
from byhand.server.config import Settings
from byhand.server.incoming import fed
from byhand.server.limits import Limits
from byhand.server.numbers import array, rounded
from byhand.server.registry import Shelf
from byhand.server.uploads import picture_in

WORD = "sesame"


@given(st.lists(st.floats(-1e20, 1e20).filter(lambda x: x == 0 or abs(x) >= 1e-11), min_size=1))
@example([0.00012345, 123450.0, 0.9999999, 1e20, -1e-9, 9999.5, 99995.0])
def test_four_digits_are_those_that_python_prints(values: list[float]) -> None:
    shown = rounded(np.array(values))
    for value, near in zip(values, shown, strict=True):
        assert near == pytest.approx(value, rel=5.001e-4)
        assert float(f"{near:.4g}") == near


def test_rounding_agrees_with_python_on_many() -> None:
    values = np.random.default_rng(0).normal(0, 1, 20_000) * 10.0 ** np.random.default_rng(1).integers(-8, 9, 20_000)
    assert rounded(values) == [float(f"{value:.4g}") for value in values]


def test_nothing_is_shown_of_what_is_next_to_nothing() -> None:
    assert json.dumps(rounded(np.array([1e-30, -0.0, -1e-13]))) == "[0.0, 0.0, 0.0]"


def test_an_array_is_flat_in_c_order() -> None:
    told = array(np.arange(6.0).reshape(2, 3).T)
    assert told == {"shape": [3, 2], "low": 0.0, "high": 5.0, "values": [0, 3, 1, 4, 2, 5]}


@given(
    picture=st.binary(min_size=1, max_size=200),
    others=st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), st.text(), max_size=3),
    name=st.text(min_size=1, max_size=20),
)
def test_forms_are_read_as_a_client_writes_them(picture: bytes, others: dict[str, str], name: str) -> None:
    others.pop("picture", None)
    request = httpx.Request("POST", "http://x/", data=others, files={"picture": (name, picture)})
    assert picture_in(request.read(), request.headers["content-type"]) == picture


def test_settings_reach_a_worker_as_they_are() -> None:
    settings = Settings(
        runs=(Path("a"), Path("b")), folder=Path("c"), token=WORD, origins=("https://x",), limits=Limits(seconds=0.5)
    )
    assert Settings.from_json(settings.to_json()) == settings
    assert WORD not in repr(settings)


@pytest.mark.parametrize("told", [{"seconds": 0}, {"body": -1}, {"waiting": -1}, {"arrival": float("nan")}])
def test_limits_are_above_zero(told: dict[str, float]) -> None:
    with pytest.raises(ByhandError, match="above 0"):
        Limits(**told)  # type: ignore[arg-type]


def test_a_shelf_takes_runs_alone(tmp_path: Path) -> None:
    with pytest.raises(ByhandError, match="not the folder of a run"):
        Shelf([tmp_path])


def test_a_network_is_one_for_each_thread() -> None:
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    shelf, together = Shelf(), Barrier(2)

    def take() -> tuple[int, bool]:
        together.wait(10)
        network = shelf.network("mlp")
        return id(network), shelf.network("mlp") is network

    with ThreadPoolExecutor(2) as pool:
        (one, same), (other, again) = (future.result() for future in [pool.submit(take), pool.submit(take)])
    assert one != other
    assert same
    assert again


def test_two_threads_read_as_one_does() -> None:
    from concurrent.futures import ThreadPoolExecutor

    shelf = Shelf()
    ink = np.random.default_rng(0).integers(0, 256, (40, 28, 28)).astype(np.uint8)
    alone = [shelf.read("conv5x5", picture).logits for picture in ink]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: shelf.read("conv5x5", picture).logits, ink))
    assert np.array_equal(alone, together)


def test_what_feeds_a_layer_of_any_kind() -> None:
    layers = (Standardize(), Conv2d(3, 5), BatchNorm2d(), ReLU(), Flatten(), Linear(10))
    network = build(Spec(layers), seed=1)
    shown = [fed(network, place) for place in range(len(layers))]
    assert [None if each is None else each.shape for each in shown] == [
        *(None, (3, 5, 5, 1), (3, 2), None, None, (10, 24 * 24 * 3))
    ]


def test_pixels_that_were_left_out_feed_nothing() -> None:
    network = build(Spec((Standardize(), Flatten(), Select((3, 30)), Linear(10))), seed=1)
    shown = fed(network, 3)
    assert shown is not None
    assert np.count_nonzero(shown) == 20
    assert np.array_equal(shown[:, 0, 3], network.parameters()["W"][0])
    assert np.array_equal(shown[:, 1, 2], network.parameters()["W"][1])
